// `weft explain`: shows which n-grams of a text made its label; their shares add up to the logit.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "frontend/cli/command.h"
#include "frontend/data/line_reader.h"
#include "frontend/format/suggest.h"
#include "frontend/report/explain_report.h"
#include "runtime/session.h"
#include "runtime/text/encoder.h"

namespace weft {
namespace {

struct Flags {
  std::string plan, file;
  std::optional<std::string> text;
  std::vector<std::string> labels;
  std::size_t top = 10;
  bool json = false;
};

class Explaining {
 public:
  explicit Explaining(const Flags& flags)
      : flags_(flags),
        session_(Session::load(flags.plan, {1})),
        explainer_(session_.plan(), session_.encoder()),
        colour_(wants_colour(STDOUT_FILENO)) {
    for (const std::string& name : flags.labels) wanted_.push_back(number_of(name));
  }

  void explain(std::string_view text) {
    const bool pairs = session_.encoder().reads_pairs();
    session_.predict(std::array{pairs ? split_pair(text) : TextInput{text}}, predictions_);
    for (const std::size_t label : wanted_.empty() ? predicted() : wanted_) {
      const Explanation explanation = explainer_.explain(text, label);
      const auto logits = predictions_.logits(0);
      const bool one_number = logits.size() != session_.labels().size();
      const double logit = one_number ? (label == 0 ? -logits[0] : logits[0]) : logits[label];
      const ExplainedLabel told{text, session_.labels()[label],
                                predictions_.probabilities(0)[label], logit, &explanation};
      print_out(flags_.json ? to_json(told) + "\n" : to_text(told, flags_.top, colour_) + "\n");
    }
  }

 private:
  std::size_t number_of(const std::string& name) const {
    const auto& labels = session_.labels();
    const auto at = std::ranges::find(labels, name);
    if (at != labels.end()) return static_cast<std::size_t>(at - labels.begin());
    throw Error(fmt::format("the plan has no label `{}`", name), suggestion(name, labels));
  }

  // The most probable label, and for a plan of several labels per text those above its threshold.
  std::vector<std::size_t> predicted() const {
    std::vector<std::size_t> labels{predictions_.label(0)};
    if (session_.plan().task != Task::multi_label) return labels;
    const auto p = predictions_.probabilities(0);
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (i != labels.front() && p[i] >= session_.plan().threshold) labels.push_back(i);
    }
    return labels;
  }

  const Flags& flags_;
  Session session_;
  Explainer explainer_;
  bool colour_;
  std::vector<std::size_t> wanted_;
  Predictions predictions_;
};

int explain(const Flags& flags) {
  const std::string file = flags.text == "-" ? "-" : flags.file;
  if (flags.text.has_value() != flags.file.empty()) {
    throw Error(
        flags.text ? "there are both a text and a file to explain" : "there is no text to explain",
        "weft explain PLAN \"a text\", or --file F for its lines, or - for standard input");
  }
  Explaining explaining(flags);
  if (file.empty()) {
    explaining.explain(*flags.text);
    return 0;
  }
  LineReader lines(file);
  for (std::string_view line; lines.next(line);) explaining.explain(line);
  return 0;
}

}  // namespace

Run declare_explain(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("PLAN", flags->plan,
                 "a trained plan: convolutions, pooling, linear layers; or a pretrained encoder")
      ->required();
  app.add_option("TEXT", flags->text,
                 "the text, or a pair with a tab between; -: explain each line of standard input");
  app.add_option("--file", flags->file, "explain each line of this file instead");
  app.add_option("--label", flags->labels,
                 "explain this label instead of the predicted one; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--top", flags->top, "the number of n-grams to show")
      ->check(CLI::Range(0, 1 << 30))
      ->capture_default_str();
  app.add_flag("--json", flags->json, "print one JSON object a line, with all n-grams and words");
  app.footer(
      "Places are bytes of the text. Of tokenizers that add groups of letters to a word, as\n"
      "fastText's do, a group is told as part of its word (in JSON `part_of`: the word's begin, "
      "end\n"
      "and text); the word's own entry has no such mark, and a word that is not in the vocabulary\n"
      "has groups only. Tokens that stand for no bytes of the text, as `</s>` and `[CLS]`, count\n"
      "with the bias; in JSON `words` names each by `special`.");
  return [flags] { return explain(*flags); };
}

}  // namespace weft
