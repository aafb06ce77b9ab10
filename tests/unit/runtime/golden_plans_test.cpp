// Plans that were made when a form of them was new (tests/plans/make.sh) answer and learn as on
// that day, and are written again byte by byte.
//
// Numbers may differ by 1e-5, for their last bits depend on the instruction set and the C library:
// SSE4, AVX2 and AVX-512 differ by 1e-6. NAME.answers holds a line for each text, label and
// probabilities; then, if the plan can learn, the loss of a step and the answers after it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "ir/file.h"
#include "ir/plan/plan.h"
#include "runtime/session.h"
#include "tests/support/golden.h"
#include "tests/support/source_folder.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

const std::array<TextInput, 9> kTexts{{
    {"the film is fine , book"},
    {"the plot was not fine , actor"},
    {"The BOOK was dull, and the story finne"},
    {""},
    {"电影很好看3"},
    {"这本书不好5 don’t ＷＩＦＩ ①"},
    {"never seen words"},
    {"scene scene scene the the actor is fine is dull is fine is not dull , plot plot plot , film"},
    {"a\xff broken \xe4\xb8 text"},
}};

std::string line_of(const Session& session, const Predictions& answers, std::size_t i) {
  return fmt::format("{} {:.6f}\n", session.labels()[answers.label(i)],
                     fmt::join(answers.probabilities(i), " "));
}

// The answers of a plan and, if it can learn, the loss of a step and the answers after it.
std::string replay(const std::string& path) {
  Plan plan = load_plan(path);
  const bool learns = plan.program("train") != nullptr;
  Session session(std::move(plan), {.threads = 1, .train = learns});
  std::vector<TextInput> texts(kTexts.begin(), kTexts.end());
  if (session.plan().text.pair) {
    for (std::size_t i = 0; i < texts.size(); ++i) texts[i].pair = kTexts[i == 0 ? 1 : 0].text;
  }
  std::string told;
  Predictions answers;
  const auto answer = [&] {
    session.predict(texts, answers);
    for (std::size_t i = 0; i < texts.size(); ++i) told += line_of(session, answers, i);
  };
  answer();
  if (!learns) return told;
  constexpr std::array<std::int32_t, 2> kLabels{1, 0};
  const double loss = session.train_step(std::span(texts).first(kLabels.size()), {kLabels}, 0.01);
  told += fmt::format("loss {:.6f}\n", loss);
  answer();
  return told;
}

// The same words, and numbers that differ by 1e-5 at most.
bool alike(const std::string& a, const std::string& b) {
  std::istringstream words_of_a(a), words_of_b(b);
  for (std::string x, y;;) {
    const bool more = static_cast<bool>(words_of_a >> x);
    if (more != static_cast<bool>(words_of_b >> y)) return false;
    if (!more) return true;
    double n = 0, m = 0;
    const bool numbers = std::from_chars(x.data(), x.data() + x.size(), n).ec == std::errc() &&
                         std::from_chars(y.data(), y.data() + y.size(), m).ec == std::errc();
    if (numbers ? !(std::abs(n - m) <= 1e-5) : x != y) return false;
  }
}

TEST_CASE("plans of each form answer, learn and are written as when the form was new") {
  std::size_t plans = 0;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(test::source_folder() / "tests/plans")) {
    if (entry.path().extension() != ".plan" || entry.path().stem() == "v1") continue;
    CAPTURE(entry.path().filename().string());
    ++plans;
    const std::string told = replay(entry.path().string());
    const std::string answers = fs::path(entry.path()).replace_extension(".answers").string();
    if (update_golden() && !fs::exists(answers)) write_file(answers, told);
    CHECK_MESSAGE(alike(told, read_text_file(answers)), told);
    const MappedFile file(entry.path().string());
    CHECK(std::ranges::equal(encode_plan(load_plan(entry.path().string())), file.bytes()));
  }
  CHECK(plans >= 15);
}

}  // namespace
}  // namespace weft
