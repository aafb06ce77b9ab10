// Texts that are cut or empty, at the token by which they are.
#include "frontend/train/unread_text.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "runtime/text/tokenizers.h"

namespace weft {
namespace {

constexpr std::array<std::uint32_t, 2> kEnds{5, 6};

// Reads at most four words, or two windows of four that overlap by one.
Plan plan_of(const std::string& tokenizer, bool windows, bool pair) {
  Plan plan;
  plan.text.tokenizer = tokenizer;
  plan.text.max_tokens = 4;
  if (tokenizer == "ngrams") plan.text.buckets = 10;
  if (windows) plan.text.max_windows = 2;
  if (windows) plan.text.overlap = 1;
  plan.text.pair = pair;
  plan.vocabulary = {"<unk>w", kEnds};
  return plan;
}

UnreadCount counted(const Plan& plan, const std::vector<TextInput>& texts) {
  const auto encoder = make_encoder(plan.text, plan.vocabulary);
  UnreadText unread(plan, *encoder);
  TokenBuffer buffer;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::vector<std::int32_t> ids;
    unread.add(texts[i], encoder->encode(texts[i], buffer, {ids}), i + 1);
  }
  return unread.take();
}

TEST_CASE("a text is cut by the first word beyond what is read") {
  for (const char* tokenizer : {"words", "whitespace", "ngrams"}) {
    CAPTURE(std::string(tokenizer));
    const Plan plan = plan_of(tokenizer, false, false);
    const UnreadCount count =
        counted(plan, {{"w w w"}, {"w w w w"}, {" \n"}, {"w w w w  "}, {"w w w w w"}, {""}});
    CHECK(count.texts == 6);
    CHECK(count.cut == 1);
    CHECK(count.first_cut == 5);
    CHECK(count.empty == 2);
    CHECK(count.first_empty == 3);
    const Warnings said = unread_warnings(count, "line", plan.text);
    REQUIRE(said.size() == 2);
    CHECK(said[0] == "1 of 6 lines (line 5) is longer than max_tokens=4: what follows is not read");
    CHECK(said[1].starts_with("2 of 6 lines (the first on line 3) have no word: nothing tells"));
  }
}

TEST_CASE("a text is cut by the first word beyond the last window") {
  const Plan plan = plan_of("words", true, false);  // 4 words, then 3
  const UnreadCount count = counted(plan, {{"w w w w w w w"}, {"w w w w w w w w"}});
  CHECK(count.cut == 1);
  CHECK(count.first_cut == 2);
  CHECK(unread_warnings(count, "text", plan.text)[0].find("max_windows=2") != std::string::npos);
}

TEST_CASE("a pair is cut where both texts together are, and empty where both are") {
  const Plan plan = plan_of("words", false, true);
  const UnreadCount count =
      counted(plan, {{"w w", "w w"}, {"w w", "w w w"}, {"w w w w", "w"}, {"", ""}, {"", "w"}});
  CHECK(count.cut == 2);
  CHECK(count.first_cut == 2);
  CHECK(count.empty == 1);
  CHECK(count.first_empty == 4);
}

TEST_CASE("counts of several threads add up, the first stays the first") {
  UnreadCount count{.texts = 10};
  count.add({.texts = 10, .cut = 2, .first_cut = 14});
  count.add({.texts = 10, .cut = 1, .first_cut = 21, .empty = 1, .first_empty = 22});
  CHECK(count.texts == 30);
  CHECK(count.cut == 3);
  CHECK(count.first_cut == 14);
  CHECK(count.first_empty == 22);
}

}  // namespace
}  // namespace weft
