// A lock ends with its process, however that ends; a process id may be of another machine or
// container that shares the folder.
#include "ir/temporary.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>

namespace weft {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = ".weft-", kSuffix = ".tmp";

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

// `.weft-12-0.tmp`
bool is_temporary(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return false;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  const auto digits = [](std::string_view part) {
    return !part.empty() &&
           std::ranges::all_of(part, [](unsigned char c) { return std::isdigit(c); });
  };
  const std::size_t middle = name.find('-');
  return middle != std::string_view::npos && digits(name.substr(0, middle)) &&
         digits(name.substr(middle + 1));
}

// What can be locked and still has the name is left over: the living lock it at once, and rename it
// before they unlock it.
void remove_if_left_over(const std::string& name) {
  const int file = ::open(name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return;
  std::error_code ignored;
  const bool left_over = ::flock(file, LOCK_EX | LOCK_NB) == 0 && is_named(file, name);
  if (left_over && ::unlink(name.c_str()) != 0) fs::remove_all(name, ignored);  // a folder
  ::close(file);
}

}  // namespace

std::string temporary_beside(const std::string& path, int attempt) {
  return fmt::format("{}/{}{}-{}{}", folder_of(path), kPrefix, static_cast<long>(::getpid()),
                     attempt, kSuffix);
}

void lock_temporary(int file) {
  while (::flock(file, LOCK_EX) != 0 && errno == EINTR) {
  }
}

bool is_named(int file, const std::string& name) {
  struct stat opened = {}, found = {};
  return ::fstat(file, &opened) == 0 && ::lstat(name.c_str(), &found) == 0 &&
         opened.st_dev == found.st_dev && opened.st_ino == found.st_ino;
}

// Not by std::filesystem, which terminates where an iterator finds no memory.
void remove_left_over(const std::string& path) {
  const std::string folder = folder_of(path);
  const std::unique_ptr<DIR, CloseFolder> opened(::opendir(folder.c_str()));
  if (opened == nullptr) return;
  while (const dirent* const entry = ::readdir(opened.get())) {
    if (is_temporary(entry->d_name)) remove_if_left_over(folder + '/' + entry->d_name);
  }
}

}  // namespace weft
