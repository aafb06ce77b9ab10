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
    encoder->encode(texts[i], buffer, {ids});
    unread.add(texts[i], ids, i + 1);
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
    CHECK(count.cut.count == 1);
    CHECK(count.cut.first == 5);
    CHECK(count.empty.count == 2);
    CHECK(count.empty.first == 3);
    const Warnings said = unread_warnings(count, "line", plan);
    REQUIRE(said.size() == 2);
    CHECK(said[0] == "1 of 6 lines (line 5) is longer than max_tokens=4: what follows is not read");
    CHECK(said[1].starts_with("2 of 6 lines (the first is line 3) have no word: nothing tells"));
  }
}

TEST_CASE("a text is cut by the first word beyond the last window") {
  const Plan plan = plan_of("words", true, false);  // 4 words, then 3
  const UnreadCount count = counted(plan, {{"w w w w w w w"}, {"w w w w w w w w"}});
  CHECK(count.cut.count == 1);
  CHECK(count.cut.first == 2);
  CHECK(unread_warnings(count, "text", plan)[0].find("max_windows=2") != std::string::npos);
}

TEST_CASE("a pair is cut where both texts together are, and empty where both are") {
  const Plan plan = plan_of("words", false, true);
  const UnreadCount count =
      counted(plan, {{"w w", "w w"}, {"w w", "w w w"}, {"w w w w", "w"}, {"", ""}, {"", "w"}});
  CHECK(count.cut.count == 2);
  CHECK(count.cut.first == 2);
  CHECK(count.empty.count == 1);
  CHECK(count.empty.first == 4);
}

// A plan of the ids 0 to 12, as `weft import` makes it of a file without a tokenizer.
TEST_CASE("ids: what is no id, a fixed length, and padding") {
  std::string words = "<unk>";
  std::vector<std::uint32_t> ends{5};
  for (int id = 1; id <= 12; ++id) {
    words += std::to_string(id);
    ends.push_back(static_cast<std::uint32_t>(words.size()));
  }
  Plan plan;
  plan.text = {.tokenizer = "whitespace", .lowercase = false, .nfkc = false, .max_tokens = 3};
  plan.vocabulary = {words, ends};
  plan.settings = imported_settings("a.onnx", {.ids = true, .length = 3, .padding = 0});

  const UnreadCount count = counted(plan, {{"1 2 12"}, {"1 0 2"}, {"13 2 0"}, {"1 02"}, {"<unk>"}});
  CHECK(count.with_ids == 4);
  CHECK(count.no_id.count == 3);  // 13, 02, <unk>
  CHECK(count.no_id.first == 3);
  CHECK(count.shorter.count == 2);
  CHECK(count.shorter.first == 4);
  CHECK(count.padded.count == 1);
  CHECK(count.padded.first == 2);
  const Warnings said = unread_warnings(count, "line", plan);
  REQUIRE(said.size() == 3);
  CHECK(said[0].starts_with("3 of 5 lines (the first is line 3) hold what is no id of 0 to 12: "));
  CHECK(said[1].starts_with("2 of 5 lines (the first is line 4) are shorter than the 3 tokens"));
  CHECK(said[2].starts_with("1 of 5 lines (line 2) holds the id 0, which the model leaves out"));

  for (const char* text : {"hello world", "99 98 97", "1.5", "3,4", "-1", "+1", "1e0"}) {
    CAPTURE(std::string(text));
    const UnreadCount none = counted(plan, {{text}, {""}});
    CHECK(none.with_ids == 0);
    CHECK_THROWS_WITH_AS(unread_warnings(none, "line", plan),
                         doctest::Contains("no token of any line is an id of 0 to 12"), Error);
  }
  CHECK(counted(plan, {{"0 0 0"}}).with_ids == 1);
  plan.text.pair = true;
  const UnreadCount pairs = counted(plan, {{"1", "0"}, {"0", "x"}, {"1 2", "3"}});
  CHECK(pairs.with_ids == 3);
  CHECK(pairs.no_id.count == 1);
  CHECK(pairs.no_id.first == 2);
}

TEST_CASE("counts of several threads add up, the first stays the first") {
  UnreadCount count{.texts = 10};
  count.add({.texts = 10, .cut = {2, 14}});
  count.add({.texts = 10, .cut = {1, 21}, .empty = {1, 22}});
  CHECK(count.texts == 30);
  CHECK(count.cut.count == 3);
  CHECK(count.cut.first == 14);
  CHECK(count.empty.first == 22);
}

}  // namespace
}  // namespace weft
