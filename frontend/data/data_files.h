// What `--data` names: files of examples, and folders of them in the forms that people have.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "frontend/data/readers.h"

namespace weft {

struct DataFile {
  // rows: a data file, in its format; lines: each line is a text; whole: the file is one text.
  enum class Kind { rows, lines, whole };
  std::string path;
  Kind kind = Kind::rows;
  std::string label = {};  // of lines and of a whole file
};

// The files that the names stand for, those of a folder in the order of their names. A folder holds
// * data files, by extension or by content, which are parts of one data set; or
// * a folder for each class, with a text in each file; or
// * a file for each class, named after it, with a text on each line.
// Hidden files are left out. Adds to `notes` how a folder is read, and to `remarks` what in it is
// not read. Error if a folder is in none of these forms.
std::vector<DataFile> data_files(std::span<const std::string> names, const ReadOptions& options,
                                 std::vector<std::string>& notes,
                                 std::vector<std::string>& remarks);

}  // namespace weft
