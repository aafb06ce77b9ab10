// Where the project's sources lie, for tests that read files of theirs.
#pragma once

#include <filesystem>

namespace weft::test {

std::filesystem::path source_folder();

}  // namespace weft::test
