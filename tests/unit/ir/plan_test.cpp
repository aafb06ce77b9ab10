// Plan files: everything survives a round trip, and what is no whole plan is refused with one clear
// message.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <span>
#include <utility>

#include "ir/file.h"
#include "ir/plan/format.h"
#include "ir/print.h"
#include "tests/support/check_contains.h"
#include "tests/support/golden.h"
#include "tests/support/plan_fixture.h"
#include "tests/support/source_folder.h"
#include "tests/support/temporary_folder.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void check_equal(const Plan& a, const Plan& b) {
  CHECK(a.description == b.description);
  CHECK(a.settings == b.settings);
  CHECK(a.text == b.text);
  CHECK(a.vocabulary.words == b.vocabulary.words);
  CHECK(std::ranges::equal(a.vocabulary.ends, b.vocabulary.ends));
  CHECK(a.labels == b.labels);
  CHECK(a.task == b.task);
  CHECK(a.threshold == b.threshold);
  CHECK(a.temperature == b.temperature);
  REQUIRE(a.programs.size() == b.programs.size());
  for (std::size_t i = 0; i < a.programs.size(); ++i) {
    CHECK(print(a.programs[i]) == print(b.programs[i]));
  }
  REQUIRE(a.tensors.size() == b.tensors.size());
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    CHECK(a.tensors[i].name == b.tensors[i].name);
    CHECK(a.tensors[i].type == b.tensors[i].type);
    CHECK(a.tensors[i].role == b.tensors[i].role);
    CHECK(std::ranges::equal(a.tensors[i].bytes, b.tensors[i].bytes));
  }
  REQUIRE(a.history.size() == b.history.size());
  for (std::size_t i = 0; i < a.history.size(); ++i) {
    CHECK(a.history[i].epoch == b.history[i].epoch);
    CHECK(a.history[i].step == b.history[i].step);
    CHECK(a.history[i].learning_rate == b.history[i].learning_rate);
    CHECK(a.history[i].train_loss == b.history[i].train_loss);
    CHECK(a.history[i].metrics == b.history[i].metrics);
    CHECK(a.history[i].kept == b.history[i].kept);
  }
  REQUIRE(a.notes.size() == b.notes.size());
  for (std::size_t i = 0; i < a.notes.size(); ++i) {
    CHECK(a.notes[i].program == b.notes[i].program);
    CHECK(a.notes[i].text == b.notes[i].text);
  }
}

TEST_CASE("a plan survives encoding and decoding, to the byte") {
  const Plan plan = example_plan();
  const std::vector<std::byte> bytes = encode_plan(plan);
  const Plan again = decode_plan(bytes);
  check_equal(plan, again);
  CHECK(encode_plan(again) == bytes);
  CHECK(encode_plan(example_plan()) == bytes);  // nothing depends on addresses
}

TEST_CASE("a saved plan loads, with its tensors in place and aligned") {
  const TemporaryFolder folder;
  const Plan plan = example_plan();
  save_plan(plan, folder / "x.plan");
  CHECK(content(folder / "x.plan") == as_text(encode_plan(plan)));
  CHECK(folder.files() == 1);
  const Plan again = load_plan(folder / "x.plan");
  check_equal(plan, again);
  for (const PlanTensor& tensor : again.tensors) {
    CHECK(reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % 64 == 0);
  }
  CHECK(again.program("predict") == &again.programs[0]);
  CHECK(again.program("nothing") == nullptr);
  CHECK(again.tensor("table") != nullptr);
  CHECK(again.tensor("nothing") == nullptr);
}

TEST_CASE("the smallest plan: no words, no programs, no tensors") {
  Plan plan;
  plan.labels = {"one"};
  const std::vector<std::byte> bytes = encode_plan(plan);
  check_equal(plan, decode_plan(bytes));
}

TEST_CASE("epochs that were kept are so marked, as they were when that was a metric") {
  Plan plan = example_plan();
  plan.history[0].kept = true;
  check_equal(plan, decode_plan(encode_plan(plan)));
  Plan old = example_plan();
  old.history[0].metrics.emplace_back("kept", 1);
  check_equal(plan, decode_plan(encode_plan(old)));
}

constexpr const char* kVersion1 = R"(// of version 1
program @predict loss="none" {
  symbol B <= 2
  symbol T <= 9
  // words
  input %ids : i32[T] in arena+64
  input %offsets : i32[B+1 -> T] in arena+128
  param %table : f32[3, 2] init="uniform" scale=0.25
  %x = embedding(%ids, %table) : f32[T, 2] in arena+192 at 3:10
  %logits, %where = max_pool(%x, %offsets) : f32[B, 2] in arena+0, i32[B, 2] in arena+320 at 4:1
  %probabilities = softmax(%logits) : f32[B, 2] in arena+384
  return %logits, %probabilities
} arena 448
)";

// tests/plans/v1.plan was written once, by `weft_tests --update-golden`, and is never rewritten.
TEST_CASE("a plan of version 1 still loads") {
  const std::string path = test::source_folder() / "tests/plans/v1.plan";
  Plan plan = example_plan();
  plan.programs = {parse_one(kVersion1)};
  const auto table = kept(plan, std::vector<float>{0, 1, 2, 3, 4, 5});
  plan.tensors = {{"table", plan.programs[0].find_value("table")->type, Role::param, table}};
  plan.notes = {{"predict", "cse: nothing to do"}};
  if (update_golden() && !fs::exists(path)) save_plan(plan, path);
  check_equal(plan, load_plan(path));
}

std::uint32_t version_in(const std::vector<std::byte>& bytes) {
  plan_format::Header header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  return header.version;
}

// The forward graph of a model that reads long texts by windows.
std::string windowed(std::string forward) {
  const auto put = [&](std::string_view from, std::string_view to) {
    const std::size_t at = forward.find(from);
    REQUIRE(at != std::string::npos);
    forward.replace(at, from.size(), to);
  };
  put("  symbol T <= 17\n", "  symbol T <= 17\n  symbol W <= 4\n");
  put("  input %offsets : i32[B+1 -> T]\n",
      "  input %windows : i32[B+1 -> W]\n  input %offsets : i32[W+1 -> T]\n");
  put("%logits = scale(%top) factor=2.0\n",
      "%each = scale(%top) factor=2.0\n  %logits = mean_pool(%each, %windows)\n");
  return forward;
}

TEST_CASE("what older programs would misread raises the version, and nothing else does") {
  CHECK(version_in(encode_plan(example_plan())) == 1);
  Plan subwords = example_plan();
  subwords.text.subwords.prefix = "##";
  CHECK(version_in(encode_plan(subwords)) == 2);
  Plan windows = example_plan(windowed(kForward));
  CHECK_CONTAINS(message_of([&] { encode_plan(windows); }), "does not take the windows");
  windows.text.max_windows = 3;
  windows.text.overlap = 4;
  CHECK(version_in(encode_plan(windows)) == 3);
  check_equal(windows, decode_plan(encode_plan(windows)));
  Plan pair = example_plan();
  pair.text.pair = true;
  CHECK(version_in(encode_plan(pair)) == 3);
  check_equal(pair, decode_plan(encode_plan(pair)));
  Plan marks = example_plan();
  marks.text.unify_marks = true;
  CHECK(version_in(encode_plan(marks)) == 4);
  check_equal(marks, decode_plan(encode_plan(marks)));
  Plan ngrams = example_plan();
  ngrams.text.word_ngrams = 2;
  CHECK(version_in(encode_plan(ngrams)) == 4);
  check_equal(ngrams, decode_plan(encode_plan(ngrams)));
}

TEST_CASE("a plan that breaks a rule is not written") {
  const auto message = [](auto change) {
    Plan plan = example_plan();
    change(plan);
    return message_of([&] { encode_plan(plan); });
  };
  CHECK_CONTAINS(message([](Plan& p) { p.labels.clear(); }), "there are no labels");
  CHECK_CONTAINS(message([](Plan& p) { p.labels[0] = ""; }), "a label is empty");
  for (const char* label : {"\x1b[31m", "a\u0085b", "\u009B31m", "\u202Eright", "a\u2066"}) {
    CHECK_CONTAINS(message([&](Plan& p) { p.labels[0] = label; }), "a control character");
  }
  for (const char* label : {"\u00A0", "\u200Fab", "\u202F", "\u2070"}) {
    CHECK(message([&](Plan& p) { p.labels[0] = label; }) == "accepted");
  }
  CHECK_CONTAINS(message([](Plan& p) { p.text.tokenizer = "a\nb"; }), "a control character");
  const auto commented = [&](auto where) {
    return message([&](Plan& p) { where(p.programs[0]).emplace_back("a\ny = 1"); });
  };
  constexpr std::string_view kComment = "a comment of program @predict holds a control character";
  CHECK_CONTAINS(commented([](Graph & g) -> auto& { return g.comments; }), kComment);
  CHECK_CONTAINS(commented([](Graph & g) -> auto& { return g.closing_comments; }), kComment);
  CHECK_CONTAINS(commented([](Graph & g) -> auto& { return g.values[0].comments; }), kComment);
  CHECK_CONTAINS(commented([](Graph & g) -> auto& { return g.nodes[0].comments; }), kComment);
  CHECK_CONTAINS(message([](Plan& p) { p.labels[1] = "bad"; }), "the label `bad` is there twice");
  CHECK_CONTAINS(message([](Plan& p) { p.threshold = 2; }), "threshold 2 is no probability");
  CHECK_CONTAINS(message([](Plan& p) { p.temperature = 0; }), "temperature 0 is not above 0");
  CHECK_CONTAINS(message([](Plan& p) { p.temperature = INFINITY; }), "temperature inf");
  CHECK_CONTAINS(message([](Plan& p) { p.text.max_tokens = 0; }), "max_tokens");
  CHECK_CONTAINS(message([](Plan& p) { p.text.overlap = 1; }), "windows overlap by 1");
  CHECK_CONTAINS(message([](Plan& p) { p.text.max_windows = -1; }), "max_windows is -1");
  CHECK_CONTAINS(message([](Plan& p) { p.vocabulary.words.remove_suffix(1); }), "vocabulary");
  CHECK_CONTAINS(message([](Plan& p) { p.tensors.erase(p.tensors.begin()); }),
                 "program @predict needs %table, which is not there");
  CHECK_CONTAINS(message([](Plan& p) { p.tensors[0].role = Role::state; }), "takes %table as");
  CHECK_CONTAINS(message([](Plan& p) { p.tensors[0].role = Role::input; }), "neither a param");
  CHECK_CONTAINS(message([](Plan& p) { p.tensors[1].name = p.tensors[0].name; }), "twice");
  CHECK_CONTAINS(message([](Plan& p) { p.tensors[0].bytes = p.tensors[0].bytes.first(4); }),
                 "takes 80 bytes, but has 4");
  CHECK_CONTAINS(message([](Plan& p) { p.programs.push_back(p.programs[0]); }),
                 "program @predict is there twice");
  CHECK_CONTAINS(message([](Plan& p) { p.programs[0].nodes.pop_back(); }), "never computed");
}

TEST_CASE("a state that the program @load writes need not be stored") {
  Plan plan;
  plan.labels = {"one"};
  plan.programs = parse(R"(program @predict {
  symbol B <= 3
  symbol T <= 9
  input %ids : i32[T]
  input %offsets : i32[B+1 -> T]
  state %folded : f32[5, 1] computed="load"
  %x = embedding(%ids, %folded)
  %logits, %where = max_pool(%x, %offsets)
  %probabilities = softmax(%logits)
  return %logits, %probabilities
}
program @load {
  param %table : f32[5, 1]
  state %folded : f32[5, 1] computed="load"
  %y = relu(%table)
  write %folded <- %y
}
)");
  const std::vector<Graph> without_storage = plan.programs;
  plan.programs = planned(plan.programs);
  const auto table = kept(plan, std::vector<float>(5, 0.5F));
  plan.tensors.push_back({"table", plan.programs[1].find_value("table")->type, Role::param, table});
  const std::vector<std::byte> bytes = encode_plan(plan);
  check_equal(plan, decode_plan(bytes));
  plan.programs = without_storage;
  CHECK_CONTAINS(message_of([&] { encode_plan(plan); }), "@predict: %ids has no storage");
  plan.programs[1].writes.clear();
  CHECK_CONTAINS(message_of([&] { encode_plan(plan); }), "needs %folded, which is not there");
}

TEST_CASE("what is no plan is said to be none, by name") {
  const TemporaryFolder folder;
  const auto message = [&](const std::string& name) {
    return message_of([&] { load_plan(folder / name); });
  };
  const std::string whole(as_text(encode_plan(example_plan())));
  CHECK_CONTAINS(message("gone.plan"), (folder / "gone.plan") + ": cannot be opened: No such file");
  CHECK_CONTAINS(message_of([&] { load_plan(folder / ""); }), "is a folder");
  put(folder / "empty.plan", "");
  CHECK_CONTAINS(message("empty.plan"), (folder / "empty.plan") + ": is empty");
  put(folder / "text.plan", "good\ta fine film\n");
  CHECK_CONTAINS(message("text.plan"), (folder / "text.plan") + ": is not a plan");
  CHECK_CONTAINS(message("text.plan"), "plans are made by `weft train`");
  put(folder / "w.plan", "w");
  CHECK_CONTAINS(message("w.plan"), "is damaged: it is cut short");
  put(folder / "short.plan", whole.substr(0, whole.size() - 1));
  CHECK_CONTAINS(message("short.plan"), "it is cut short");
  put(folder / "long.plan", whole + "x");
  CHECK_CONTAINS(message("long.plan"), "it is too long");
  REQUIRE(::mkfifo((folder / "pipe.plan").c_str(), 0600) == 0);
  CHECK_CONTAINS(message("pipe.plan"), "is a pipe or device");
}

TEST_CASE("a plan cut short anywhere, or with any bit turned, is refused") {
  const std::vector<std::byte> whole = encode_plan(example_plan());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_THROWS_AS(decode_plan(std::span(whole).first(size)), Error);
  }
  std::vector<std::byte> bytes = whole;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto bit = std::byte{static_cast<unsigned char>(1U << (i % 8))};
    bytes[i] ^= bit;
    CHECK_THROWS_AS(decode_plan(bytes), Error);
    bytes[i] ^= bit;
  }
  CHECK_NOTHROW(decode_plan(bytes));
}

TEST_CASE("where nothing can be written there is one message and no trace") {
  const TemporaryFolder folder;
  const Plan plan = example_plan();
  CHECK_CONTAINS(message_of([&] { save_plan(plan, folder / "no/x.plan"); }),
                 "no/x.plan: cannot be written: No such file or directory");
  CHECK_CONTAINS(message_of([&] { save_plan(plan, folder / ""); }), "is a folder");
  CHECK_CONTAINS(
      message_of([&] { save_plan(plan, "/dev/full"); }),
      "/dev/full: cannot be written: No space left on device\n    note: free some space");
  CHECK(fs::is_character_file("/dev/full"));
  CHECK(folder.files() == 0);
}

}  // namespace
}  // namespace weft
