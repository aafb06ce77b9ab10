// By the time of the last write and the size.
#include "frontend/cli/unchanged_file.h"

#include <fmt/format.h>

#include <utility>

#include "ir/diagnostic.h"

namespace weft {

UnchangedFile::UnchangedFile(std::string path) : path_(std::move(path)) {
  if (::stat(path_.c_str(), &before_) != 0) before_ = {};
}

void UnchangedFile::check() const {
  struct stat now = {};
  if (::stat(path_.c_str(), &now) != 0) return;
  if (now.st_dev != before_.st_dev || now.st_ino != before_.st_ino) return;
  if (now.st_size == before_.st_size && now.st_mtim.tv_sec == before_.st_mtim.tv_sec &&
      now.st_mtim.tv_nsec == before_.st_mtim.tv_nsec) {
    return;
  }
  throw Error(fmt::format("{}: was written into while it was used: answers may be wrong", path_),
              "put a new file in its place with `mv`, not with `cp`");
}

}  // namespace weft
