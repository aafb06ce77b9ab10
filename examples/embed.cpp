// An application with weft inside: it answers texts, then learns one and answers again. Links
// weft_runtime alone: no compiler, no data readers.
//
//   embed PLAN LABEL TEXT...     the texts have LABEL, says the user
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/session.h"

namespace {

void answer(weft::Session& session, std::span<const std::string_view> texts) {
  weft::Predictions answers;
  session.predict(texts, answers);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::size_t label = answers.label(i);
    std::printf("%s\t%.4f\n", session.labels()[label].c_str(),
                static_cast<double>(answers.probabilities(i)[label]));
  }
}

int run(const char* plan, std::string_view wanted, std::span<const std::string_view> texts) {
  weft::Session session = weft::Session::load(plan, {.threads = 1, .train = true});
  answer(session, texts);

  const auto label = std::ranges::find(session.labels(), wanted);
  if (label == session.labels().end()) {
    std::string known;
    for (const std::string& name : session.labels()) known += " " + name;
    throw weft::Error("the plan has no such label: " + std::string(wanted), "it has:" + known);
  }
  const auto number = static_cast<std::int32_t>(label - session.labels().begin());
  const std::vector<std::int32_t> labels(texts.size(), number);
  for (int step = 0; step < 20; ++step) {
    session.train_step(texts, {labels}, session.learning_rate());
  }
  answer(session, texts);  // `save_plan(session.snapshot(), path)` would keep what was learnt
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: embed PLAN LABEL TEXT...\n");
    return 2;
  }
  try {
    const std::vector<std::string_view> texts(argv + 3, argv + argc);
    return run(argv[1], argv[2], texts);
  } catch (const weft::Error& error) {
    std::fprintf(stderr, "embed: %s\n", error.what());
    return 1;
  }
}
