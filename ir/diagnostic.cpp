// Renders diagnostics the way a compiler does: place, message, source line, caret, note.
#include "ir/diagnostic.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>

namespace weft {
namespace {

std::string_view line_of(std::string_view source, std::uint32_t line) {
  for (std::uint32_t i = 1; i < line; ++i) {
    const std::size_t end = source.find('\n');
    if (end == std::string_view::npos) return {};
    source.remove_prefix(end + 1);
  }
  std::string_view text = source.substr(0, source.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// Spaces up to the column, one per character rather than per byte; tabs kept, so the caret lines
// up.
std::string indent_to(std::string_view line, std::uint32_t column) {
  std::string indent;
  for (std::size_t i = 0; i + 1 < column && i < line.size(); ++i) {
    const bool continuation = (static_cast<unsigned char>(line[i]) & 0xC0U) == 0x80U;
    if (!continuation) indent += line[i] == '\t' ? '\t' : ' ';
  }
  return indent;
}

// The message without what it quotes: like errors have the same.
std::string kind_of(const std::string& message) {
  std::string kind;
  bool quoted = false;
  for (const char c : message) {
    if (c == '`') quoted = !quoted;
    if (!quoted) kind += c;
  }
  return kind;
}

// With NUL as an escape: what() is a C string, and a name from a file must not cut it short.
std::string without_nul(std::string text) {
  for (std::size_t at = 0; (at = text.find('\0', at)) != std::string::npos;) {
    text.replace(at, 1, "\\x00");
  }
  return text;
}

std::string render(const std::vector<Diagnostic>& diagnostics, std::string_view file,
                   std::string_view source) {
  constexpr std::size_t kLike = 5;  // errors that are shown of each kind: a table is no description
  std::map<std::string, std::size_t> all;
  std::map<std::string, std::size_t> shown;
  for (const Diagnostic& d : diagnostics) ++all[kind_of(d.message)];
  std::size_t more = 0;
  std::string out;
  for (const Diagnostic& d : diagnostics) {
    const std::string kind = kind_of(d.message);
    if (all[kind] > kLike + 1 && ++shown[kind] > kLike) {
      ++more;
      continue;
    }
    if (!out.empty()) out += '\n';
    const bool placed = d.location.line > 0;
    if (!file.empty()) out += fmt::format("{}:", file);
    if (placed) out += fmt::format("{}:{}:", d.location.line, d.location.column);
    if (!out.empty() && out.back() == ':') out += ' ';
    out += placed ? fmt::format("error: {}", d.message) : d.message;
    if (placed && !source.empty()) {
      const std::string_view line = line_of(source, d.location.line);
      if (line.size() <= 400) {
        out += fmt::format("\n    {}\n    {}^", line, indent_to(line, d.location.column));
      }
    }
    if (!d.note.empty()) out += fmt::format("\n    note: {}", d.note);
  }
  if (more > 0) out += fmt::format("\n… and {} more like these", more);
  return without_nul(std::move(out));
}

}  // namespace

Error::Error(const std::string& message, std::string note)
    : Error(std::vector<Diagnostic>{{{}, message, std::move(note)}}) {}

Error::Error(SourceLocation location, const std::string& message, std::string note)
    : Error(std::vector<Diagnostic>{{location, message, std::move(note)}}) {}

Error::Error(std::vector<Diagnostic> diagnostics, std::string_view file, std::string_view source)
    : std::runtime_error(render(diagnostics, file, source)), diagnostics_(std::move(diagnostics)) {}

Error Error::in(std::string_view file, std::string_view source) const {
  return Error(diagnostics_, file, source);
}

void internal::invariant_broken(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "weft: internal error: %s does not hold (%s:%d); please report this\n",
               condition, file, line);
  std::abort();
}

}  // namespace weft
