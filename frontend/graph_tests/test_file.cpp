// Cuts the text of a test at its marks.
#include "frontend/graph_tests/test_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "ir/parse.h"

namespace weft {
namespace {

constexpr std::string_view kMark = "// ---- ";
constexpr std::string_view kExpected = "// ---- expected", kValues = "// ---- values";
constexpr std::string_view kPasses = "// passes: ", kCompile = "// compile: ",
                           kError = "// expect-error: ";

// The first line, without its break.
std::string_view first_line(std::string_view text) {
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// "3:5 text" or "text".
ExpectedError expected_error(std::string_view text) {
  ExpectedError error;
  const char* const end = text.data() + text.size();
  const auto line = std::from_chars(text.data(), end, error.location.line);
  if (line.ec == std::errc() && line.ptr != end && *line.ptr == ':') {
    const auto column = std::from_chars(line.ptr + 1, end, error.location.column);
    if (column.ec == std::errc() && (column.ptr == end || *column.ptr == ' ')) {
      const char* const rest = column.ptr == end ? end : column.ptr + 1;
      error.text.assign(rest, end);
      return error;
    }
  }
  error.location = {};
  error.text = text;
  return error;
}

void check(const TestFile& file) {
  const bool expects = std::ranges::any_of(file.sections, &TestSection::is_expected);
  const bool has_values = std::ranges::any_of(file.sections, &TestSection::is_values);
  if (expects && file.passes.empty() && file.compile.empty() && file.errors.empty()) {
    throw Error("`// ---- expected` needs passes to run", "begin with `// passes: cse`");
  }
  if (file.passes.empty() && file.compile.empty() && file.errors.empty() && !has_values) {
    throw Error("this is no test: it expects nothing",
                "begin it with `// passes: cse`, or end it with `// ---- values`; "
                "`weft test --help` shows more");
  }
  if (!file.passes.empty() && !file.compile.empty()) {
    throw Error("`// passes:` and `// compile:` are both given", "leave one of them out");
  }
  if (!file.errors.empty() && (expects || has_values)) {
    throw Error("an error is expected, so there is nothing else to expect",
                "leave out `// expect-error:`, or what follows `// ----`");
  }
}

void read_heading(TestFile& file) {
  std::string_view rest = file.sections.front().text;
  while (!rest.empty()) {
    const std::string_view line = first_line(rest);
    if (line.starts_with(kPasses)) {
      file.passes = line.substr(kPasses.size());
    } else if (line.starts_with(kCompile)) {
      file.compile = line.substr(kCompile.size());
    } else if (line.starts_with(kError)) {
      file.errors.push_back(expected_error(line.substr(kError.size())));
    } else {
      break;
    }
    file.graphs += '\n';
    rest.remove_prefix(std::min(rest.size(), rest.find('\n') + 1));
  }
  file.graphs += rest;
}

}  // namespace

bool TestSection::is_expected() const { return mark.starts_with(kExpected); }
bool TestSection::is_values() const { return mark.starts_with(kValues); }

std::string TestFile::text() const {
  std::string text;
  for (const TestSection& section : sections) text += section.mark + section.text;
  return text;
}

TestFile parse_test_file(std::string_view text, const std::string& name) {
  TestFile file;
  file.sections.push_back({1, {}, {}});
  std::uint32_t number = 0;
  try {
    while (!text.empty()) {
      const std::string_view line = first_line(text);
      const std::string_view whole = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
      text.remove_prefix(whole.size());
      ++number;
      if (!line.starts_with(kMark)) {
        file.sections.back().text += whole;
        continue;
      }
      file.sections.push_back({number, std::string(whole), {}});
      const bool second = file.sections.back().is_expected() &&
                          std::ranges::count_if(file.sections, &TestSection::is_expected) > 1;
      if ((line != kExpected && line != kValues) || second) {
        throw Error({number, 1},
                    fmt::format("`{}` {}", line, second ? "stands here again" : "is unknown"),
                    "a file holds one `// ---- expected` and any number of `// ---- values`");
      }
    }
    read_heading(file);
    check(file);
  } catch (const Error& error) {
    throw error.in(name, {});
  }
  return file;
}

std::vector<Graph> parse_programs(std::string_view text, const std::string& name) {
  std::size_t end = 0;
  while (end < text.size()) {
    const std::string_view line = first_line(text.substr(end));
    if (line == kExpected || line == kValues) break;
    end = std::min(text.find('\n', end), text.size() - 1) + 1;
  }
  std::vector<Graph> programs = parse(text.substr(0, end), name);
  if (programs.empty()) {
    throw Error(fmt::format("{}: there is no program", name),
                "a program is written `program @name { ... }`");
  }
  return programs;
}

}  // namespace weft
