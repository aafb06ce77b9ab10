// Rendering explanations.
#include "frontend/report/explain_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "frontend/format/table.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kNGramWidth = 60;  // columns

std::string_view part(std::string_view text, const TextSpan& span) {
  return text.substr(span.begin, span.end - span.begin);
}

// Green for the label, red against it, stronger the more.
std::string escape_of(double contribution, double max) {
  constexpr std::array<int, 4> kGreens = {22, 28, 34, 40};
  constexpr std::array<int, 4> kReds = {52, 88, 124, 160};
  const double share = max == 0 ? 0 : std::abs(contribution) / max;
  if (share < 0.05) return {};
  const auto level = std::min<std::size_t>(static_cast<std::size_t>(share * 4), 3);
  return fmt::format("\x1B[48;5;{};38;5;{}m", (contribution > 0 ? kGreens : kReds)[level],
                     contribution > 0 && level > 1 ? 16 : 231);
}

// A stretch of the text that no token reaches out of, and what its tokens add.
struct Stretch {
  TextSpan bytes;
  double contribution = 0;
};

// Usually the words; tokens that overlap, as the n-grams of a word do, are one stretch.
std::vector<Stretch> stretches(const Explanation& explanation) {
  const std::vector<double> shares = explanation.by_word();
  std::vector<Stretch> out;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const TextSpan& word = explanation.words[i];
    if (out.empty() || word.begin >= out.back().bytes.end) out.push_back({word, 0});
    out.back().bytes.end = std::max(out.back().bytes.end, word.end);
    out.back().contribution += shares[i];
  }
  return out;
}

std::string coloured(std::string_view text, const Explanation& explanation) {
  const std::vector<Stretch> all = stretches(explanation);
  double max = 0;
  for (const Stretch& one : all) max = std::max(max, std::abs(one.contribution));
  std::string out;
  std::size_t position = 0;
  for (const Stretch& one : all) {
    out += printable(text.substr(position, one.bytes.begin - position));
    const std::string escape = escape_of(one.contribution, max);
    out += escape + printable(part(text, one.bytes)) + (escape.empty() ? "" : "\x1B[0m");
    position = one.bytes.end;
  }
  return out + printable(text.substr(position));
}

// Whether it is a group of letters of a word, by words_around().
bool is_part(const NGram& ngram, const std::vector<TextSpan>& around) {
  return ngram.first == ngram.last && around[ngram.first] != ngram.bytes;
}

// The n-grams by size; those of the same bytes are added up, as a word may give several.
std::vector<NGram> by_bytes(const std::vector<NGram>& ngrams) {
  std::vector<NGram> out;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> places;
  for (const NGram& ngram : ngrams) {
    const auto [at, added] = places.try_emplace({ngram.bytes.begin, ngram.bytes.end}, out.size());
    if (added) {
      out.push_back(ngram);
    } else {
      out[at->second].contribution += ngram.contribution;
    }
  }
  sort_by_size(out);
  return out;
}

// `</s>`, or `[CLS], [SEP]`: the tokens that stand for no bytes of the text, each once.
std::string specials(const Explanation& explanation) {
  std::vector<std::string> names;
  std::string list;
  for (const std::string& name : explanation.special) {
    if (name.empty() || std::ranges::find(names, name) != names.end()) continue;
    names.push_back(name);
    list += (list.empty() ? "" : ", ") + printable(name);
  }
  return list;
}

bool near(double a, double b) { return std::abs(a - b) <= 1e-4 * std::max(1.0, std::abs(a)); }

}  // namespace

std::string printable(std::string_view text) {
  std::string valid;
  utf8::append_valid(text, valid);
  std::string out;
  for (std::size_t position = 0; position < valid.size();) {
    const std::size_t begin = position;
    const char32_t scalar = utf8::next(valid, position);
    const bool control = scalar < 0x20 || (scalar >= 0x7F && scalar < 0xA0) ||
                         (scalar >= 0x202A && scalar <= 0x202E) ||
                         (scalar >= 0x2066 && scalar <= 0x2069);
    out += control ? " " : valid.substr(begin, position - begin);
  }
  return out;
}

bool adds_up(const ExplainedLabel& e) {
  return near(e.explanation->logit, e.explanation->total()) &&
         (e.explanation->decisions || near(e.explanation->logit, e.predicted_logit));
}

std::string to_text(const ExplainedLabel& e, std::size_t top, bool colour) {
  const Explanation& explanation = *e.explanation;
  std::string out = colour ? coloured(e.text, explanation) : printable(e.text);
  out += fmt::format("\n  {}  probability {:.4f}\n", printable(e.label), e.probability);
  const auto unknown = std::ranges::count(explanation.known, false);
  if (unknown > 0) {
    out += fmt::format("  {} of {} words are not in the vocabulary\n", unknown,
                       explanation.known.size());
  }
  const auto line = [&](double value, std::string_view bytes, std::string_view what) {
    out += fmt::format("  {:>+10.4f}  {:>11}  {}\n", value, bytes, what);
  };
  double rest = 0;
  const std::vector<NGram> ngrams = by_bytes(explanation.ngrams);
  const std::vector<TextSpan> around = explanation.words_around();
  for (std::size_t i = 0; i < ngrams.size(); ++i) {
    const NGram& ngram = ngrams[i];
    if (i >= top) {
      rest += ngram.contribution;
      continue;
    }
    std::string what = shortened(printable(part(e.text, ngram.bytes)), kNGramWidth);
    if (is_part(ngram, around)) {
      const std::string word = printable(part(e.text, around[ngram.first]));
      what += fmt::format("  (part of {})", shortened(word, kNGramWidth));
    }
    line(ngram.contribution, fmt::format("{}-{}", ngram.bytes.begin, ngram.bytes.end), what);
  }
  if (ngrams.size() > top) {
    const std::size_t others = ngrams.size() - top;
    line(rest, "", others == 1 ? "(the other)" : fmt::format("(the {} others)", others));
  }
  const std::string special = specials(explanation);
  const std::string with = special.empty() ? "" : ", with " + special;
  if (!explanation.exact) {
    line(explanation.bias, "", fmt::format("(without words{})", with));
    line(explanation.logit - explanation.total(), "", "(not explained)");
    line(explanation.logit, "", "= the logit");
    return out + "  each number is gradient x input, an approximation: words act on each other\n";
  }
  line(explanation.bias, "", fmt::format("(bias{})", with));
  line(explanation.total(), "",
       explanation.decisions ? "= the log-odds of the decisions for it" : "= the logit");
  if (!adds_up(e)) {
    out += fmt::format("  the plan's own logit is {:+.6f}: its tables are rounded\n",
                       e.predicted_logit);
  }
  return out;
}

std::string to_json(const ExplainedLabel& e) {
  const Explanation& explanation = *e.explanation;
  Json object = {{"text", e.text},
                 {"label", e.label},
                 {"probability", e.probability},
                 {"logit", e.predicted_logit},
                 {"bias", explanation.bias},
                 {"total", explanation.total()},
                 {"exact", explanation.exact && adds_up(e)},
                 {"ngrams", Json::array()},
                 {"words", Json::array()}};
  const auto place = [&](const TextSpan& bytes) {
    return Json{{"begin", bytes.begin}, {"end", bytes.end}, {"text", part(e.text, bytes)}};
  };
  const std::vector<TextSpan> around = explanation.words_around();
  for (const NGram& ngram : explanation.ngrams) {
    Json one = place(ngram.bytes);
    one["contribution"] = ngram.contribution;
    one["activations"] = ngram.activations;
    if (is_part(ngram, around)) one["part_of"] = place(around[ngram.first]);
    object["ngrams"].push_back(std::move(one));
  }
  const std::vector<double> shares = explanation.by_word();
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const TextSpan& bytes = explanation.words[i];
    Json one = place(bytes);
    one["known"] = static_cast<bool>(explanation.known[i]);
    one["contribution"] = shares[i];
    if (around[i] != bytes) one["part_of"] = place(around[i]);
    if (i < explanation.special.size() && !explanation.special[i].empty()) {
      one["special"] = explanation.special[i];
    }
    object["words"].push_back(std::move(one));
  }
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weft
