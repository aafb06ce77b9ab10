// What all pages of HTML have in common: one file, no other resources, styles for light and dark,
// tables that sort.
#pragma once

#include <string>
#include <string_view>

namespace weft {

struct Page {
  std::string title;   // text
  std::string kind;    // `report`: after the title, in the window's title
  std::string header;  // HTML below the title, and the body; of escaped text
  std::string body;
  std::string style;    // beside kReportStyle
  std::string scripts;  // elements at the end
};

std::string to_html(const Page&);

// Marks what the clock decides: the only parts of a page that differ when it is made again of the
// same data, seed and thread count. `weft profile` makes the exception: its page is all times.
std::string by_the_clock(const std::string& html);

// What a page is made of and by; an empty date is not told, nor the version with it.
struct Origin {
  std::string data, version, date;
};
std::string made_line(const Origin&);  // a paragraph

std::string section(std::string_view title, const std::string& body);

// An entry of a list of class `numbers`.
std::string fact(std::string_view name, const std::string& value);

}  // namespace weft
