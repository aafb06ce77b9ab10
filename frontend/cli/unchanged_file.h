// A plan that is in use must not be written into.
#pragma once

#include <sys/stat.h>

#include <string>

namespace weft {

// A plan is mapped, not copied: who writes into its file (`cp` over it does) changes its answers.
class UnchangedFile {
 public:
  explicit UnchangedFile(std::string path);  // as it is now, before it is opened
  // Error if it was written into since; not if another file has taken its place.
  void check() const;

 private:
  std::string path_;
  struct stat before_ = {};
};

}  // namespace weft
