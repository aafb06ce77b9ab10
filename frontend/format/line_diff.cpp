// A longest common subsequence of lines, by the table of all beginnings.
#include "frontend/format/line_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "frontend/format/escape_controls.h"

namespace weft {
namespace {

constexpr std::size_t kAround = 3;
// Cells of the table: beyond it, what lies between the first and the last difference is replaced.
constexpr std::size_t kMaxCells = std::size_t{1} << 24;

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

struct Edit {
  char mark;  // ' ', '-' or '+'
  std::string_view line;
};

// Lines a[first, a_end) against b[first, b_end).
void middle(const Lines& a, std::size_t a_end, const Lines& b, std::size_t b_end, std::size_t first,
            std::vector<Edit>& edits) {
  const std::size_t rows = a_end - first, columns = b_end - first, width = columns + 1;
  // The longest common subsequence of what follows a[first + i] and b[first + j].
  std::vector<std::uint32_t> common;
  const bool small = (rows + 1) <= kMaxCells / width;
  if (small) common.assign((rows + 1) * width, 0);
  for (std::size_t i = rows; small && i-- > 0;) {
    for (std::size_t j = columns; j-- > 0;) {
      common[i * width + j] = a[first + i] == b[first + j] ? common[(i + 1) * width + j + 1] + 1
                                                           : std::max(common[(i + 1) * width + j],
                                                                      common[i * width + j + 1]);
    }
  }
  std::size_t i = 0, j = 0;
  while (i < rows || j < columns) {
    if (small && i < rows && j < columns && a[first + i] == b[first + j]) {
      edits.push_back({' ', a[first + i]});
      ++i, ++j;
    } else if (i < rows && (j == columns || !small ||
                            common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      edits.push_back({'-', a[first + i++]});
    } else {
      edits.push_back({'+', b[first + j++]});
    }
  }
}

std::vector<Edit> edits_of(const Lines& a, const Lines& b) {
  std::size_t first = 0, a_end = a.size(), b_end = b.size();
  while (first < a_end && first < b_end && a[first] == b[first]) ++first;
  while (a_end > first && b_end > first && a[a_end - 1] == b[b_end - 1]) --a_end, --b_end;
  std::vector<Edit> edits;
  for (std::size_t i = 0; i < first; ++i) edits.push_back({' ', a[i]});
  middle(a, a_end, b, b_end, first, edits);
  for (std::size_t i = a_end; i < a.size(); ++i) edits.push_back({' ', a[i]});
  return edits;
}

std::string shown(const Edit& edit, bool colour) {
  const bool ends = edit.line.ends_with('\n');
  const std::string line = escape_controls(edit.line.substr(0, edit.line.size() - (ends ? 1 : 0)));
  const char* const style = edit.mark == '-' ? "\x1B[31m" : "\x1B[32m";
  const bool styled = colour && edit.mark != ' ';
  return fmt::format("{}{}{}{}{}\n", styled ? style : "", edit.mark, line, styled ? "\x1B[0m" : "",
                     ends ? "" : " (no line break at the end)");
}

}  // namespace

std::string line_diff(std::string_view expected, std::string_view found, bool colour) {
  const std::vector<Edit> edits = edits_of(lines_of(expected), lines_of(found));
  std::vector<bool> near(edits.size());
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (edits[i].mark == ' ') continue;
    const std::size_t end = std::min(edits.size(), i + kAround + 1);
    for (std::size_t k = i - std::min(i, kAround); k < end; ++k) near[k] = true;
  }
  std::string text;
  std::size_t line = 1;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (near[i] && (i == 0 || !near[i - 1])) text += fmt::format("@@ {} @@\n", line);
    if (near[i]) text += shown(edits[i], colour);
    line += edits[i].mark == '+' ? 0 : 1;
  }
  return text;
}

}  // namespace weft
