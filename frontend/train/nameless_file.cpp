// Made under a name that is taken away at once.
#include "frontend/train/nameless_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace weft {
namespace {

std::string existing_folder(const std::string& folder) {
  if (!folder.empty()) return folder;
  std::error_code none;
  const std::filesystem::path temporary = std::filesystem::temp_directory_path(none);
  return temporary.empty() ? "." : temporary.string();
}

int open_in(const std::string& folder) {
  std::string name = (std::filesystem::path(folder) / ".weft-spill-XXXXXX").string();
  const int file = ::mkostemp(name.data(), O_CLOEXEC);
  if (file >= 0) ::unlink(name.c_str());
  return file;
}

// Calls ::pread or ::pwrite until all bytes are done; false where it fails.
template <typename Call, typename Byte>
bool transfer(Call call, int file, std::span<Byte> bytes, std::size_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = call(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::size_t>(n);
  }
  return true;
}

}  // namespace

NamelessFile::NamelessFile(const std::string& folder)
    : folder_(existing_folder(folder)), file_(open_in(folder_)) {}

NamelessFile::~NamelessFile() {
  if (file_ >= 0) ::close(file_);
}

bool NamelessFile::write(std::span<const std::byte> bytes, std::size_t offset) const {
  return file_ >= 0 && transfer(::pwrite, file_, bytes, offset);
}

bool NamelessFile::read(std::span<std::byte> bytes, std::size_t offset) const {
  return transfer(::pread, file_, bytes, offset);
}

}  // namespace weft
