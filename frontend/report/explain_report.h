// Explanations as people and programs read them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "frontend/report/explain.h"

namespace weft {

struct ExplainedLabel {
  std::string_view text, label;
  double probability = 0;
  // The logit that the session computed, in single precision or from rounded tables.
  double predicted_logit = 0;
  const Explanation* explanation = nullptr;
};

// The text, its words coloured by what they add where `colour` is set; then a line for each of the
// `top` n-grams: contribution, bytes, words; the sum of the others, the bias, the logit.
std::string to_text(const ExplainedLabel&, std::size_t top, bool colour);

// One JSON object on one line: text, label, probability, logit, bias, total, exact, ngrams (begin,
// end, text, contribution, activations) and words (begin, end, text, known, contribution). Begin
// and end count bytes of the text. A group of letters, or n-gram of it alone, has `part_of` (begin,
// end, text): its word. A token that stands for no bytes has `special`, its spelling; it counts
// with the bias.
std::string to_json(const ExplainedLabel&);

// True if contributions and bias add up to the logit of the session: within 1e-4, relative for
// logits above 1.
bool adds_up(const ExplainedLabel&);

// `text` without control characters and ill-formed UTF-8, which a terminal might obey.
std::string printable(std::string_view text);

}  // namespace weft
