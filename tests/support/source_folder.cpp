// The only file that is compiled with the folder's name: the others' objects are then the same in
// every checkout, for a compiler cache.
#include "tests/support/source_folder.h"

namespace weft::test {

std::filesystem::path source_folder() { return WEFT_SOURCE_DIR; }

}  // namespace weft::test
