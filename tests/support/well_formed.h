// Whether a page of HTML or SVG is well-formed: a check by hand, without a parser of either.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace weft::test {

// What is wrong with a page's tags: each that opens closes, in order, attributes are quoted, and
// text holds no bare `<` or `&`. Empty: nothing.
inline std::string malformed(const std::string& page) {
  constexpr std::array<std::string_view, 5> kVoid = {"meta", "input", "br", "link", "!DOCTYPE"};
  std::vector<std::string> open;
  for (std::size_t i = 0; i < page.size(); ++i) {
    if (page[i] == '&' && page.substr(i, 12).find(';') == std::string::npos) return "a bare &";
    if (page[i] != '<') continue;
    const std::size_t end = page.find('>', i);
    if (end == std::string::npos) return "an open <";
    std::string tag = page.substr(i + 1, end - i - 1);
    if (tag.find('<') != std::string::npos) return "a bare < before " + tag;
    if (std::ranges::count(tag, '"') % 2 != 0) return "an open quote in " + tag;
    const bool closing = tag.starts_with('/');
    const bool empty = tag.ends_with('/');
    const std::string name =
        tag.substr(closing ? 1 : 0, tag.find_first_of(" /\n", 1) - (closing ? 1 : 0));
    i = end;
    if (closing) {
      if (open.empty() || open.back() != tag.substr(1)) return "</" + name + "> out of place";
      open.pop_back();
    } else if (!empty && std::ranges::find(kVoid, name) == kVoid.end()) {
      open.push_back(name);
      if (name == "style" || name == "script") {  // raw text
        i = page.find("</" + name, end) - 1;
      }
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> is not closed";
}

}  // namespace weft::test
