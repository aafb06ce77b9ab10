// Files of other kinds, which are told by their first bytes and named: archives, tables in binary
// formats, documents.
#pragma once

#include <string_view>

namespace weft {

struct ForeignFile {
  std::string_view what;    // "a zip archive"
  std::string_view remedy;  // how to get at its text
};

// Null where the bytes are none of these.
const ForeignFile* foreign_file(std::string_view begin);

}  // namespace weft
