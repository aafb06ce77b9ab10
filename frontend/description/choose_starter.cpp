// The choice, and the few places of a starter's text that the data decides.
#include "frontend/description/choose_starter.h"

#include <fmt/format.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include <algorithm>
#include <filesystem>

#include "frontend/description/edit_description.h"
#include "frontend/description/settings.h"
#include "frontend/description/starters.h"
#include "frontend/format/format_number.h"
#include "frontend/pretrained/config.h"
#include "frontend/vectors/vectors_file.h"
#include "ir/diagnostic.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

// By the letters of texts that lie evenly over the data, whose parts may be of several languages.
bool is_chinese(const Corpus& corpus) {
  constexpr std::size_t kLooked = 1000;  // texts
  std::size_t letters = 0;
  std::size_t han = 0;
  const std::size_t looked = std::min(kLooked, corpus.size());
  for (std::size_t i = 0; i < looked; ++i) {
    const std::string_view text = corpus.text(i * corpus.size() / looked);
    for (std::size_t position = 0; position < text.size();) {
      const auto scalar = static_cast<UChar32>(utf8::next(text, position));
      if (u_isalpha(scalar) == 0) continue;
      ++letters;
      han += uscript_hasScript(scalar, USCRIPT_HAN) != 0 ? 1 : 0;
    }
  }
  return 2 * han > letters;
}

std::size_t bytes_of(const Corpus& corpus) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < corpus.size(); ++i) bytes += corpus.text(i).size();
  return bytes;
}

// A row of the linear model has a number for each label: with more labels, a bag of words is
// smaller.
constexpr std::size_t kMostLabelsOfTerms = 100;

// The ids of words and of their groups of letters take some 25 times as much memory as the text. A
// bag of words trains on more text than this several times faster, and as well.
constexpr std::size_t kMostBytesOfTerms = std::size_t{32} << 20;

// The names of the starters, the best first.
//
// Measured on held-out texts of seven corpora (English and Chinese; reviews, titles, sentences and
// questions; 2 to 50 labels), with 10 and 50 texts of each label and with all: a linear model of
// all terms is above a bag of words, whose vectors it has no need to learn, by up to 0.06 where
// texts are few, by up to 0.02 or within chance where they are many, and above the convolutional
// network by more. So numbers and lengths of texts choose nothing.
std::vector<std::string_view> names_for(const DataProfile& data, const InitialSources& initial) {
  if (!initial.pretrained.empty()) {
    if (read_config(initial.pretrained).family == "gpt2") return {"gpt2"};
    return {"bert", "bert-cnn"};
  }
  std::vector<std::string_view> names{"tfidf", "bow", "textcnn"};
  if (data.chinese) names = {"tfidf-zh", "bow-zh", "textcnn-zh"};
  const bool large = !data.chinese && data.bytes > kMostBytesOfTerms;
  if (large || data.labels > kMostLabelsOfTerms) names.erase(names.begin());
  if (!initial.vectors.file.empty()) names.insert(names.begin(), "textcnn-vectors");
  return names;
}

// Changes the starter's text where this data or these files need it otherwise.
class Fitting {
 public:
  Fitting(std::string_view name, const DataProfile& data) : data_(data) {
    const Starter& starter = *find_starter(name);
    fitted_.name = starter.name;
    text_ = starter.text;
  }

  FittedStarter fit(const InitialSources& initial) && {
    if (fitted_.name == "textcnn-vectors") begin_with_vectors(initial.vectors);
    if (!initial.pretrained.empty()) begin_with_pretrained(initial.pretrained);
    if (fitted_.name.starts_with("tfidf")) limit_certainty();
    if (data_.multi_label) allow_several_labels();
    fitted_.description = parsed();
    return std::move(fitted_);
  }

 private:
  Description parsed() const {
    return parse_description(text_, fmt::format("the starter {}", fitted_.name));
  }

  void set(const std::string& path, const Attr& value) {
    Assignments left;
    std::string changed = put_values(parsed(), {{path, value}}, left);
    WEFT_CHECK(left.empty());
    if (changed == text_) return;
    text_ = std::move(changed);
    fitted_.changes.push_back(to_string(Assignments{{path, value}}));
  }

  void begin_with_vectors(const VectorsOptions& vectors) {
    fitted_.initial.vectors = vectors;
    std::error_code none;
    // A pipe can be read once only: it must have the width that the starter has.
    const bool file = std::filesystem::is_regular_file(vectors.file, none);
    if (!file && std::filesystem::exists(vectors.file, none)) return;
    const auto width = static_cast<std::int64_t>(VectorsFile(vectors.file).width());
    set("width", width);
  }

  void begin_with_pretrained(const std::string& folder) {
    fitted_.initial.pretrained = folder;
    if (data_.pairs) set("text.pair", std::string("true"));
  }

  // Measured on held-out texts: with a hundred texts a label and more, 1.4 points on 50 kinds of
  // questions and 0.2 to 0.3 on four others, -0.6 on one; with fewer texts up to a point is lost,
  // and of two labels nothing changes.
  void limit_certainty() {
    const bool many = data_.labels > 2 && data_.texts >= 100 * data_.labels;
    if (many && !data_.multi_label) set("train.label_smoothing", 0.05);
  }

  void allow_several_labels() {
    constexpr std::string_view kOne = "output softmax(";
    constexpr std::string_view kSeveral = "output sigmoid(";
    const std::size_t at = text_.find(kOne);
    WEFT_CHECK(at != std::string::npos);
    text_.replace(at, kOne.size(), kSeveral);
    fitted_.changes.emplace_back("output sigmoid(logits)");
    // The loss is a mean over labels, and plain gradient descent does not make up for that.
    const DescriptionSettings settings = settings_of(parsed(), {});
    if (settings.optimizer != "sgd") return;
    set("train.rate", settings.learning_rate * static_cast<double>(data_.labels));
  }

  const DataProfile& data_;
  std::string text_;
  FittedStarter fitted_;
};

}  // namespace

DataProfile profile_of(const Corpus& corpus) {
  return {.texts = corpus.size(),
          .labels = corpus.label_names().size(),
          .bytes = bytes_of(corpus),
          .chinese = is_chinese(corpus),
          .multi_label = corpus.multi_label(),
          .pairs = corpus.pairs()};
}

std::string to_string(const DataProfile& data) {
  const auto s = [](std::size_t n) { return n == 1 ? "" : "s"; };
  return fmt::format("{}{} {}{} of {} label{}", data.chinese ? "Chinese, " : "",
                     grouped(data.texts), data.pairs ? "pair" : "text", s(data.texts), data.labels,
                     s(data.labels));
}

std::vector<FittedStarter> fitting_starters(const DataProfile& data,
                                            const InitialSources& initial) {
  if (!initial.pretrained.empty() && !initial.vectors.file.empty()) {
    throw Error("no starter begins with word vectors and a pretrained model",
                "give one of --vectors and --pretrained, or a description that has both");
  }
  std::vector<FittedStarter> fitting;
  for (const std::string_view name : names_for(data, initial)) {
    fitting.push_back(Fitting(name, data).fit(initial));
  }
  return fitting;
}

}  // namespace weft
