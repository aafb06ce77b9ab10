// Checks the place of a new folder, fills a temporary one beside it and renames that.
#include "frontend/pretrained/new_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <system_error>
#include <utility>

#include "ir/diagnostic.h"
#include "ir/temporary.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

// Error if something is there that would be lost, or would not be a folder.
void check_free(const std::string& path) {
  constexpr const char* kRemedy = "name a new folder";
  std::error_code none;
  if (path.empty()) throw Error("the folder to write has an empty name", kRemedy);
  const bool exists = fs::exists(path, none);
  if (!exists && fs::is_symlink(path, none)) {
    throw Error(fmt::format("{}: is a symbolic link to nothing", path), kRemedy);
  }
  if (!exists) return;
  if (!fs::is_directory(path, none)) {
    throw Error(fmt::format("{}: is a file, not a folder", path), kRemedy);
  }
  const bool empty = fs::is_empty(path, none);
  if (none) throw Error(fmt::format("{}: cannot be read: {}", path, none.message()), kRemedy);
  if (!empty) throw Error(fmt::format("{}: is not empty", path), kRemedy);
  // Replaced, it would be gone under the feet of the shell that is in it.
  if (fs::equivalent(path, ".", none)) {
    throw Error(fmt::format("{}: is the folder that the program runs in", path), kRemedy);
  }
}

}  // namespace

NewFolder::NewFolder(std::string path) : path_(std::move(path)) {
  check_free(path_);
  std::error_code error;
  target_ = fs::weakly_canonical(fs::absolute(path_), error);
  if (error) throw Error(fmt::format("{}: cannot be made: {}", path_, error.message()));
  if (!target_.has_filename()) target_ = target_.parent_path();  // `home/`
  const fs::path parent = target_.parent_path();
  std::error_code none;
  if (!fs::is_directory(parent, none)) {
    const std::string above = fs::path(path_).lexically_normal().parent_path().string();
    throw Error(fmt::format("{}: cannot be made: the folder it would be in is missing", path_),
                above.empty() ? "check the path" : fmt::format("make it: mkdir -p {}", above));
  }
  remove_left_over(target_.string());
  for (int i = 0; temporary_.empty(); ++i) {
    const std::string name = temporary_beside(target_.string(), i);
    if (fs::create_directory(name, error)) {
      lock_ = ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      lock_temporary(lock_);
      if (lock_ < 0 || is_named(lock_, name)) {
        temporary_ = name;
      } else {  // taken for left over before it was locked
        ::close(std::exchange(lock_, -1));
      }
    } else if (error) {
      throw Error(fmt::format("{}: cannot be made: {}", path_, error.message()),
                  "name a folder that can be written");
    }
  }
}

NewFolder::~NewFolder() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

void NewFolder::commit() {
  std::error_code error;
  fs::rename(temporary_, target_, error);  // replaces an empty folder, no other
  if (error) {
    throw Error(fmt::format("{}: cannot be written: {}", path_, error.message()),
                "name a new folder");
  }
  temporary_.clear();
}

}  // namespace weft
