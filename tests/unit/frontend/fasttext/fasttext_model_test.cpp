// Models that fastText made (tests/fasttext/make.sh) against the probabilities that it gave, and
// files that are refused.
#include "frontend/fasttext/import_model.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "frontend/report/explain.h"
#include "ir/diagnostic.h"
#include "ir/file.h"
#include "runtime/session.h"
#include "tests/support/source_folder.h"
#include "tests/support/temporary_file.h"
#include "tests/support/text.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

fs::path fixture(const std::string& name) {
  return test::source_folder() / "tests/fasttext" / name;
}

std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> lines;
  std::ifstream in(file, std::ios::binary);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// `__label__good 0.9 __label__bad 0.1`
std::map<std::string, double> answers(const std::string& line) {
  std::map<std::string, double> found;
  std::istringstream in(line);
  std::string label;
  for (double p = 0; in >> label >> p;) found[label.substr(std::strlen("__label__"))] = p;
  return found;
}

// What fastText adds to a probability before it takes its logarithm. The imported plan leaves it
// out, but for the inner nodes of hierarchical softmax.
constexpr double kAdded = 1e-5;

void check_answers(const std::string& file, double added) {
  CAPTURE(file);
  Session session(import_fasttext(fixture(file).string()), {.threads = 2});
  const std::vector<std::string> texts = lines_of(fixture("texts.txt"));
  const auto golden = lines_of(fixture(fs::path(file).stem().string() + ".golden.txt"));
  REQUIRE(texts.size() == golden.size());
  Predictions out;
  session.predict(std::vector<std::string_view>(texts.begin(), texts.end()), out);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    CAPTURE(texts[i]);
    const auto expected = answers(golden[i]);
    REQUIRE_FALSE(expected.empty());
    for (std::size_t label = 0; label < session.labels().size(); ++label) {
      CAPTURE(session.labels()[label]);
      const auto found = expected.find(session.labels()[label]);
      if (found == expected.end()) continue;  // not among the best
      const double p = out.probabilities(i)[label];
      CHECK(std::abs(p + added - found->second) < 2e-6);  // of which it prints six digits
    }
  }
}

TEST_CASE("fasttext: models of each kind answer as fastText does") {
  for (const char* file : {"softmax.bin", "ova.bin", "ns.bin", "subwords.bin", "whole.ftz",
                           "pruned.ftz", "qout.ftz"}) {
    check_answers(file, kAdded);
  }
  for (const char* file : {"hs.bin", "tree.bin"}) check_answers(file, 0);
}

TEST_CASE("fasttext: what is quantised stays so, and the rest can be trained") {
  const Plan pruned = import_fasttext(fixture("pruned.ftz").string());
  const PlanTensor* const table = pruned.tensor("x.quantized_embedding.table");
  REQUIRE(table != nullptr);
  CHECK(table->type.dtype == DType::i8);
  CHECK(pruned.program("train") != nullptr);
  CHECK(import_fasttext(fixture("qout.ftz").string()).program("train") == nullptr);

  Session session(import_fasttext(fixture("subwords.bin").string()), {.train = true});
  const std::vector<std::string_view> texts{"the film", "was dreadful"};
  const std::vector<std::int32_t> labels{0, 1};
  double first = 0, loss = 0;
  for (int step = 0; step < 20; ++step) {
    loss = session.train_step(texts, {labels}, 0.1);
    if (step == 0) first = loss;
  }
  CHECK(loss < first / 4);
}

TEST_CASE("fasttext: an explanation tells what each n-gram adds, exactly") {
  for (const char* file : {"subwords.bin", "pruned.ftz", "softmax.bin", "qout.ftz"}) {
    CAPTURE(file);
    const Plan plan = import_fasttext(fixture(file).string());
    Session session(plan, {});
    Predictions out;
    const std::string text = "the café was bad";
    session.predict(std::vector<std::string_view>{text}, out);
    const Explanation explanation = Explainer(plan, session.encoder()).explain(text, 1);
    CHECK(explanation.exact);
    CHECK(explanation.total() == doctest::Approx(out.logits(0)[1]).epsilon(1e-5));
    CHECK(explanation.ngrams.size() > 1);
  }
}

std::string refusal(const std::string& bytes) {
  const TemporaryFile file("model.bin", bytes);
  try {
    import_fasttext(file.path());
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

std::string bytes_of(const std::string& name) {
  std::ifstream in(fixture(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_CASE("fasttext: a file that is cut short anywhere is refused, with its byte") {
  for (const char* name : {"softmax.bin", "pruned.ftz"}) {
    const std::string whole = bytes_of(name);
    for (std::size_t size = 0; size < whole.size(); size += 1 + size / 100) {
      CAPTURE(size);
      CHECK(
          test::contains(refusal(whole.substr(0, size)), size < 64 ? "first 64 bytes" : "at byte"));
    }
    CHECK(test::contains(refusal(whole + "x"), "there is more than the model"));
  }
}

TEST_CASE("fasttext: damaged bytes are refused, or read as other numbers") {
  for (const char* name : {"hs.bin", "subwords.bin", "qout.ftz"}) {
    const std::string whole = bytes_of(name);
    for (std::size_t at = 0; at < whole.size(); at += 1 + at / 40) {
      for (const char other : {'\xFF', '\x7F'}) {
        std::string bytes = whole;
        bytes[at] = other;
        const std::string message = refusal(bytes);
        CHECK_MESSAGE((message.empty() || test::contains(message, "model.bin")), at, message);
      }
    }
  }
}

TEST_CASE("fasttext: other models of fastText are named") {
  const auto changed = [](const std::string& name, std::size_t at, std::int32_t number) {
    std::string bytes = bytes_of(name);
    std::memcpy(bytes.data() + at, &number, sizeof number);
    return refusal(bytes);
  };
  const auto replaced = [](const std::string& name, std::string_view part, std::string_view by) {
    std::string bytes = bytes_of(name);
    const std::size_t at = bytes.find(part);
    REQUIRE(at != std::string::npos);
    return refusal(bytes.replace(at, by.size(), by));
  };
  using std::string_view_literals::operator""sv;
  CHECK(test::contains(replaced("hs.bin", "\0n11\0"sv, "\0n12\0"sv),
                       "the word `n12` is there twice"));
  CHECK(test::contains(replaced("hs.bin", "__label__mixed\0"sv, "__label__mixed\0\xFF\xFF\xFF"sv),
                       "the counts of the labels do not fall"));
  CHECK(test::contains(refusal(bytes_of("vectors.bin")), "has word vectors, but no labels"));
  CHECK(test::contains(refusal(bytes_of("softmax.bin").substr(8)), "in the form of 2016"));
  CHECK(test::contains(changed("softmax.bin", 4, 13), "version 13; 11 and 12 can be read"));
  CHECK(test::contains(changed("softmax.bin", 28, 12), "n-grams of 12 words"));
  CHECK(test::contains(changed("softmax.bin", 32, 5), "loss 5"));
  CHECK(test::contains(changed("softmax.bin", 8, 7), "rows of 6; "));
}

}  // namespace
}  // namespace weft
