// What plans keep of the tokenizers of pretrained models, and what they refuse.
#include <doctest/doctest.h>

#include <cstring>

#include "ir/plan/format.h"
#include "tests/support/plan_fixture.h"
#include "tests/support/subword_model.h"

namespace weft {
namespace {

test::SubwordModel example_model() {
  test::SubwordModel model = test::small_byte_bpe({{"a", "b"}, {"ab", "a"}});
  SubwordSettings& subwords = model.text.subwords;
  subwords.unknown_id = 3;
  subwords.prefix = "##";
  subwords.clean_text = subwords.strip_accents = subwords.trim_offsets = true;
  subwords.max_word = 77;
  subwords.special_tokens.push_back({5, "<mask>", true, false, true, false});
  subwords.special_tokens.push_back({6, "<m>", false, true, false, true});
  subwords.pair = {{5, 0, 0}, {-1, 1, 1}, {-1, 0, 2}};
  return model;
}

Plan plan_of(const test::SubwordModel& model) {
  Plan plan;
  plan.labels = {"one"};
  plan.text = model.text;
  plan.vocabulary = model.view();
  return plan;
}

std::uint32_t version_in(const std::vector<std::byte>& bytes) {
  plan_format::Header header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  return header.version;
}

TEST_CASE("a plan keeps the settings and merges of a pretrained tokenizer") {
  const test::SubwordModel model = example_model();
  const std::vector<std::byte> bytes = encode_plan(plan_of(model));
  const Plan again = decode_plan(bytes);
  CHECK(again.text == model.text);
  CHECK(std::ranges::equal(again.vocabulary.merges, model.merges));
  CHECK(again.vocabulary.words == model.words.bytes);
  CHECK(encode_plan(again) == bytes);
  CHECK(version_in(bytes) == 2);  // older programs refuse it politely
}

TEST_CASE("a plan of any other tokenizer is of version 1, as before") {
  const std::vector<std::byte> bytes = encode_plan(example_plan());
  CHECK(version_in(bytes) == 1);
  CHECK(decode_plan(bytes).text.subwords == SubwordSettings{});
}

TEST_CASE("a plan whose tokenizer does not add up is refused") {
  const auto fails = [](auto change, const char* message) {
    test::SubwordModel model = example_model();
    change(model, model.text.subwords);
    CHECK_THROWS_WITH_AS(check_plan(plan_of(model)), doctest::Contains(message), Error);
  };
  using Model = test::SubwordModel;
  using Settings = SubwordSettings;
  fails([](Model&, Settings& s) { s.unknown_id = 259; }, "unknown token has the id 259 of 259");
  fails([](Model&, Settings& s) { s.unknown_id = -2; }, "unknown token has the id -2");
  fails([](Model&, Settings& s) { s.max_word = 0; }, "max_word is 0");
  fails([](Model&, Settings& s) { s.max_word = 1 << 20; }, "max_word is 1048576");
  fails([](Model&, Settings& s) { s.prefix.assign(100, '#'); }, "prefix of word pieces");
  fails([](Model&, Settings& s) { s.special_tokens[0].id = 300; }, "has the id 300 of 259");
  fails([](Model&, Settings& s) { s.special_tokens[0].text = ""; }, "is 0 bytes long");
  fails([](Model&, Settings& s) { s.special_tokens[0].text.assign(2000, 'x'); }, "2000 bytes");
  fails([](Model&, Settings& s) { s.special_tokens[0].text = "<m>"; }, "`<m>` is there twice");
  fails([](Model&, Settings& s) { s.special_tokens[0].id = 5; }, "is there twice");
  fails([](Model&, Settings& s) { s.single[0].which = 1; }, "for 1 texts takes text 1");
  fails([](Model&, Settings& s) { s.single.push_back({-1, 0, 0}); }, "each text once");
  fails([](Model&, Settings& s) { s.single = {{5, 0, 0}}; }, "each text once");
  fails([](Model&, Settings& s) { s.pair.pop_back(); }, "each text once");
  fails([](Model&, Settings& s) { s.pair[0].id = 259; }, "has the id 259 of 259");
  fails([](Model&, Settings& s) { s.pair[0].id = -2; }, "has the id -2");
  fails([](Model&, Settings& s) { s.pair[0].type = -1; }, "the type -1");
  fails([](Model&, Settings& s) { s.pair.resize(100, {5, 0, 0}); }, "has 100 parts");
  fails([](Model& m, Settings&) { m.merges.push_back(1); }, "merges end within one");
  fails([](Model& m, Settings&) { m.merges[0] = 259; }, "a merge has the id 259 of 259");
  fails([](Model& m, Settings&) { m.merges[0] = -1; }, "a merge has the id -1");
}

}  // namespace
}  // namespace weft
