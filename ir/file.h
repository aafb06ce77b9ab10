// Whole files: mapped for reading, replaced in one step for writing.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace weft {

// A file's bytes, read-only and in place, as long as this object lives. Aligned to a page.
class MappedFile {
 public:
  // Error, naming the file, if it is missing, a folder, or cannot be read. What is not a regular
  // file (a pipe) is refused. `ahead`: all of it is read at once, not page by page as it is used.
  explicit MappedFile(const std::string& path, bool ahead = true);
  // The file at `below` in a folder, a path without links: a part of it that is a link, as one may
  // be by the time it is opened, is an error, and so is one that leads out of the folder.
  MappedFile(const std::string& folder, const std::string& below, bool ahead);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  void map(int file, const std::string& path, bool ahead);

  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// What a regular file begins with: `size` bytes, or all of a shorter one; empty if there is no such
// file. Nothing is waited for: a pipe is none.
std::string first_bytes(const std::string& path, std::size_t size);

// Reads the pages of a mapped file that hold these bytes in one call, which takes a fraction of the
// time of reading them one by one as they are used.
void read_ahead(std::span<const std::byte> mapped);

// A text that is read as a whole has so many bytes at most: /dev/zero never ends.
inline constexpr std::size_t kLongestTextFile = std::size_t{1} << 28;

// The whole of a text file or pipe. Error, naming it, if it is missing, a folder, longer than
// kLongestTextFile, or cannot be read.
std::string read_text_file(const std::string& path);
// The same of a file that is open, to its end; `name`: for messages.
std::string read_text_file(int descriptor, const std::string& name);

// A file being written. Until `commit` returns, `path` holds what it held before: bytes go to a
// temporary file in the same folder, which commit syncs and renames, and which is gone if commit is
// never reached. Follows symbolic links; a device or pipe is written directly.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);  // Error if the folder cannot be written
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);  // Error if the disk is full
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  void commit();

 private:
  [[noreturn]] void fail(int error) const;
  void open_temporary();
  void name_file();
  void sync_folder() const;

  std::string path_;       // as given, for messages
  std::string target_;     // with symbolic links followed
  std::string temporary_;  // empty: has no name yet, or is written directly, or committed
  bool unnamed_ = false;
  int file_ = -1;
};

void write_file(const std::string& path, std::string_view text);  // atomically

}  // namespace weft
