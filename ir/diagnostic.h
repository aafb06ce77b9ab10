// Errors that a user can cause: what went wrong, where, and what to do about it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

// A place in a text file; line 0 means unknown. Columns count bytes from 1.
struct SourceLocation {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  bool operator==(const SourceLocation&) const = default;
};

struct Diagnostic {
  SourceLocation location;
  std::string message;  // one sentence: the rule broken, with the shapes or values involved
  std::string note;     // what would fix it; may be empty
};

// Thrown for everything a user can cause: a bad model description, IR text, data row, plan or flag.
// what() is the rendered text: `file:line:column: error: message`, the source line and a caret
// where the source is known, then the note.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, std::string note = {});
  Error(SourceLocation location, const std::string& message, std::string note = {});
  explicit Error(std::vector<Diagnostic> diagnostics, std::string_view file = {},
                 std::string_view source = {});

  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

  // The same diagnostics, rendered against the named file with `source` as its text.
  Error in(std::string_view file, std::string_view source) const;

 private:
  std::vector<Diagnostic> diagnostics_;
};

namespace internal {

// A broken invariant of weft itself, never the user's fault: prints where and aborts.
[[noreturn]] void invariant_broken(const char* condition, const char* file, int line);

}  // namespace internal
}  // namespace weft

#define WEFT_CHECK(condition) \
  ((condition) ? void() : ::weft::internal::invariant_broken(#condition, __FILE__, __LINE__))
