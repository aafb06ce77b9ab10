// Files through POSIX calls, each failure turned into one Error that names the file.
#include "ir/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "ir/diagnostic.h"
#include "ir/temporary.h"

namespace weft {
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

// Closes a descriptor when a constructor throws.
struct Closer {
  int file;
  ~Closer() {
    if (file >= 0) ::close(file);
  }
};

auto retried(auto call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

[[noreturn]] void cannot_open(const std::string& path, int error) {
  throw Error(fmt::format("{}: cannot be opened: {}", path, reason(error)),
              error == ENOENT ? "check the path" : "");
}

// O_NONBLOCK: opening a pipe nobody writes to must not wait.
constexpr int kReadAtOnce = O_RDONLY | O_CLOEXEC | O_NONBLOCK;

}  // namespace

MappedFile::MappedFile(const std::string& path, bool ahead) {
  const Closer file{retried([&] { return ::open(path.c_str(), kReadAtOnce); })};
  if (file.file < 0) cannot_open(path, errno);
  map(file.file, path, ahead);
}

MappedFile::MappedFile(const std::string& folder, const std::string& below, bool ahead) {
  namespace fs = std::filesystem;
  const std::string path = (fs::path(folder) / below).string();
  constexpr int kEnter = O_PATH | O_DIRECTORY | O_CLOEXEC;  // a folder that nobody may list will do
  Closer at{retried([&] { return ::open(folder.empty() ? "." : folder.c_str(), kEnter); })};
  if (at.file < 0) cannot_open(folder, errno);
  const fs::path parts(below);
  for (auto part = parts.begin(); part != parts.end(); ++part) {
    if (*part == ".." || part->is_absolute()) cannot_open(path, EXDEV);
    const int how = std::next(part) == parts.end() ? kReadAtOnce : kEnter;
    const int next = retried([&] { return ::openat(at.file, part->c_str(), how | O_NOFOLLOW); });
    if (next < 0) cannot_open(path, errno);
    ::close(std::exchange(at.file, next));
  }
  map(at.file, path, ahead);
}

void MappedFile::map(int file, const std::string& path, bool ahead) {
  struct stat status = {};
  if (::fstat(file, &status) != 0) {
    throw Error(fmt::format("{}: cannot be read: {}", path, reason(errno)));
  }
  if (S_ISDIR(status.st_mode)) {
    throw Error(fmt::format("{}: is a folder", path), "name a file in it");
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error(fmt::format("{}: is a pipe or device", path), "save it to a file first");
  }
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;
  const int flags = MAP_PRIVATE | (ahead ? MAP_POPULATE : 0);
  void* const at = ::mmap(nullptr, size_, PROT_READ, flags, file, 0);
  if (at == MAP_FAILED) {
    throw Error(fmt::format("{}: cannot be mapped into memory: {}", path, reason(errno)));
  }
  data_ = static_cast<const std::byte*>(at);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

std::string first_bytes(const std::string& path, std::size_t size) {
  const Closer file{retried([&] { return ::open(path.c_str(), kReadAtOnce); })};
  struct stat status = {};
  if (file.file < 0 || ::fstat(file.file, &status) != 0 || !S_ISREG(status.st_mode)) return {};
  std::string bytes(size, '\0');
  const auto count = retried([&] { return ::pread(file.file, bytes.data(), size, 0); });
  bytes.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return bytes;
}

// Kernels before 5.14 refuse, and pages are read as they are used.
void read_ahead(std::span<const std::byte> mapped) {
#if defined(MADV_POPULATE_READ)
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(mapped.data());
  const std::uintptr_t first = begin / page * page;
  if (mapped.empty()) return;
  ::madvise(const_cast<std::byte*>(mapped.data()) - (begin - first), begin - first + mapped.size(),
            MADV_POPULATE_READ);
#else
  static_cast<void>(mapped);
#endif
}

namespace {

[[noreturn]] void cannot_read(const std::string& name, int error) {
  const bool folder = error == EISDIR;
  throw Error(fmt::format("cannot read {}: {}", name, folder ? "it is a folder" : reason(error)),
              folder            ? "name a file in it"
              : error == ENOENT ? "check the path"
                                : "");
}

}  // namespace

std::string read_text_file(const std::string& path) {
  const Closer file{retried([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); })};
  if (file.file < 0) cannot_read(path, errno);
  return read_text_file(file.file, path);
}

std::string read_text_file(int descriptor, const std::string& name) {
  constexpr std::size_t kBlock = std::size_t{1} << 16U;
  std::string text;
  for (std::size_t size = 0; size <= kLongestTextFile;) {
    text.resize(size + kBlock);
    const auto count = retried([&] { return ::read(descriptor, text.data() + size, kBlock); });
    if (count < 0) cannot_read(name, errno);
    size += static_cast<std::size_t>(count);
    text.resize(size);
    if (count == 0) return text;
  }
  throw Error(fmt::format("{}: is longer than {} MiB", name, kLongestTextFile >> 20U),
              "descriptions, graphs and texts to explain are shorter: name the right file");
}

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  std::error_code unresolved;  // a missing file, or a link to one: weakly_canonical copes
  target_ = std::filesystem::weakly_canonical(path_, unresolved).string();
  if (unresolved || path_.empty()) target_ = path_;
  struct stat status = {};
  if (::stat(target_.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    if (S_ISDIR(status.st_mode)) {
      throw Error(fmt::format("{}: is a folder", path_), "name a file in it");
    }
    // O_NONBLOCK: opening a pipe nobody reads from must not wait. Writing to it may.
    file_ = retried([&] { return ::open(target_.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK); });
    if (file_ < 0 && errno == ENXIO && S_ISFIFO(status.st_mode)) {
      throw Error(fmt::format("{}: is a pipe that nobody reads from", path_),
                  "name a file, or start the reader first");
    }
    if (file_ < 0) fail(errno);
    ::fcntl(file_, F_SETFL, ::fcntl(file_, F_GETFL) & ~O_NONBLOCK);
    return;
  }
  open_temporary();
}

// If the system allows it, the file has no name until it is complete, so that a killed process
// leaves nothing behind.
void AtomicFile::open_temporary() {
  remove_left_over(target_);
  const std::string folder =
      std::filesystem::path(temporary_beside(target_, 0)).parent_path().string();
  if (::access("/proc/self/fd", X_OK) == 0) {
    constexpr int flags = O_WRONLY | O_TMPFILE | O_CLOEXEC;
    file_ = retried([&] { return ::open(folder.c_str(), flags, 0666); });
    unnamed_ = file_ >= 0;
    if (unnamed_) lock_temporary(file_);
  }
  for (int i = 0; file_ < 0; ++i) {
    const std::string name = temporary_beside(target_, i);
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    file_ = retried([&] { return ::open(name.c_str(), flags, 0666); });
    if (file_ < 0 && errno != EEXIST) fail(errno);
    if (file_ < 0) continue;
    lock_temporary(file_);
    if (is_named(file_, name)) {
      temporary_ = name;
    } else {  // taken for left over before it was locked
      ::close(std::exchange(file_, -1));
    }
  }
  struct stat status = {};
  if (::stat(target_.c_str(), &status) == 0) ::fchmod(file_, status.st_mode & 07777U);
}

// Gives the file that has none a temporary name, to be renamed from.
void AtomicFile::name_file() {
  const std::string self = fmt::format("/proc/self/fd/{}", file_);
  for (int i = 0; unnamed_; ++i) {
    const std::string name = temporary_beside(target_, i);
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      temporary_ = name;
      unnamed_ = false;
    } else if (errno != EEXIST) {
      fail(errno);
    }
  }
}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::fail(int error) const {
  const bool full = error == ENOSPC || error == EDQUOT;
  const bool replaced = unnamed_ || !temporary_.empty();
  throw Error(fmt::format("{}: cannot be written: {}", path_, reason(error)),
              fmt::format("{}{}", full ? "free some space" : "choose another place",
                          replaced ? "; a file that was there before is as it was" : ""));
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  WEFT_CHECK(file_ >= 0);
  while (!bytes.empty()) {
    const auto written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::commit() {
  WEFT_CHECK(file_ >= 0);
  const bool replaced = unnamed_ || !temporary_.empty();
  if (replaced && retried([&] { return ::fsync(file_); }) != 0) fail(errno);
  name_file();
  // Before it is closed, which unlocks it.
  if (replaced && ::rename(temporary_.c_str(), target_.c_str()) != 0) fail(errno);
  temporary_.clear();
  if (::close(std::exchange(file_, -1)) != 0) fail(errno);
  if (replaced) sync_folder();
}

// So that the new name survives a power cut. Some file systems cannot; the rename holds all the
// same.
void AtomicFile::sync_folder() const {
  const std::string folder = std::filesystem::path(target_).parent_path().string();
  const Closer opened{
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (opened.file >= 0) ::fsync(opened.file);
}

void write_file(const std::string& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace weft
