// Puts pages together.
#include "frontend/report/page.h"

#include <fmt/format.h>

#include "frontend/report/report_charts.h"
#include "frontend/report/report_style.h"

namespace weft {

std::string to_html(const Page& page) {
  const std::string title = html(page.title);
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'; script-src 'unsafe-inline'\">\n<title>{0}: {1}</title>\n<style>{2}{3}"
      "</style>\n</head>\n<body>\n<main>\n<header>\n<h1>{0}</h1>\n{4}</header>\n{5}</main>\n"
      "<script>{6}</script>\n{7}</body>\n</html>\n",
      title, page.kind, kReportStyle, page.style, page.header, page.body, kTableScript,
      page.scripts);
}

std::string by_the_clock(const std::string& html) {
  return fmt::format("<span class=\"clock\">{}</span>", html);
}

std::string made_line(const Origin& origin) {
  std::string out = "measured on " + html(origin.data);
  if (!origin.date.empty()) {
    out += fmt::format(", {}, by weft {}", by_the_clock(html(origin.date)), html(origin.version));
  }
  return fmt::format("<p class=\"soft\">{}</p>\n", out);
}

std::string section(std::string_view title, const std::string& body) {
  return fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", title, body);
}

std::string fact(std::string_view name, const std::string& value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, value);
}

}  // namespace weft
