// The rules of labels, each with what to do about it.
#include "frontend/data/label_rules.h"

#include <algorithm>

#include "runtime/text/utf8.h"

namespace weft {

std::optional<LabelFault> label_fault(std::string_view label) {
  const auto space = [](char c) { return utf8::is_ascii_space(c); };
  if (std::ranges::all_of(label, space)) {
    return LabelFault{"the label is empty", "Give the row a label, or leave the row out."};
  }
  if (!utf8::is_valid(label)) {
    return LabelFault{"the label is not UTF-8", "Convert the file: iconv -f ENCODING -t UTF-8."};
  }
  const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
  if (std::ranges::any_of(label, control)) {
    return LabelFault{"the label holds a line break or another control character",
                      "Labels are one line; are the text and the label columns swapped?"};
  }
  return std::nullopt;
}

}  // namespace weft
