// Trains a model inside an application: texts in memory, progress by callback, labels out.
//
//   build/examples/fit
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "frontend/train/fit.h"
#include "runtime/session.h"

namespace {

// What a user would load from a database or collect in a form.
std::vector<weft::Example> collect() {
  const std::array<const char*, 4> things = {"the film", "the story", "the ending", "the cast"};
  const std::array<const char*, 4> praise = {"is wonderful", "is a joy", "moved me", "is superb"};
  const std::array<const char*, 4> blame = {"is dull", "is a mess", "bored me", "is awful"};
  std::vector<weft::Example> examples;
  for (const char* thing : things) {
    for (std::size_t i = 0; i < praise.size(); ++i) {
      examples.push_back({std::string(thing) + " " + praise[i], {"good"}, examples.size() + 1});
      examples.push_back({std::string(thing) + " " + blame[i], {"bad"}, examples.size() + 1});
    }
  }
  return examples;
}

class Log : public weft::FitObserver {
 public:
  void epoch_ended(const weft::EpochReport& report) override {
    std::printf("epoch %2lld  loss %.4f\n", static_cast<long long>(report.epoch),
                report.train_loss);
  }
  void warned(const std::string& message) override {
    std::fprintf(stderr, "%s\n", message.c_str());
  }
};

constexpr const char* kDescription = R"(
model  opinions
text   tokenizer=words max_tokens=50
x      = embedding(text, width=16)
logits = x | conv1d(channels=8, kernel=2) | relu | max_pool | linear(labels)
output softmax(logits)
train  adam(rate=0.02) batch=8 epochs=10
)";

}  // namespace

int main() {
  const std::vector<weft::Example> examples = collect();
  const weft::Corpus corpus(examples);
  Log log;
  const weft::FitResult result =
      weft::fit(weft::parse_description(kDescription, "opinions"), {}, {corpus}, {}, log);

  weft::Session session(result.plan);
  weft::Predictions predictions;
  const std::array<std::string_view, 2> texts = {"the story is superb", "the cast bored me"};
  session.predict(texts, predictions);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string& label = session.labels()[predictions.label(i)];
    std::printf("%s: %s\n", std::string(texts[i]).c_str(), label.c_str());
  }
  const bool right = session.labels()[predictions.label(0)] == "good" &&
                     session.labels()[predictions.label(1)] == "bad";
  return right ? 0 : 1;
}
