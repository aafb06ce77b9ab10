// The rules that every label obeys, in files and in memory, and which labels look alike.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

struct LabelFault {
  std::string_view what, remedy;
};

// Without the white space and the format characters of Unicode at its ends, such as U+00A0, U+200B
// and U+FEFF, which nobody sees.
std::string_view trimmed_label(std::string_view label);

// None for a label that is some UTF-8 without control characters, and not white space only.
std::optional<LabelFault> label_fault(std::string_view label);

// Groups of labels, in the order of `labels`, that are equal after NFKC, case folding and without
// format characters and repeated white space, or as numbers: `café` in two spellings, `Spam` and
// `spam`, `1` and `1.0`.
std::vector<std::vector<std::string>> labels_alike(std::span<const std::string> labels);

// The label in backticks for a message, and its code points where they are not ASCII, so that
// labels that look alike can be told apart: `é` (U+0065 U+0301).
std::string spelled_out(std::string_view label);

}  // namespace weft
