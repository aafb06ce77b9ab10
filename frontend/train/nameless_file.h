// A file for what may leave memory: no folder lists it, and it goes with its process.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace weft {

class NamelessFile {
 public:
  // In `folder`; empty: the system's folder for temporary files. Where it cannot be made, nothing
  // can be written.
  explicit NamelessFile(const std::string& folder);
  ~NamelessFile();
  NamelessFile(const NamelessFile&) = delete;
  NamelessFile& operator=(const NamelessFile&) = delete;

  // False where the disk is full or fails.
  bool write(std::span<const std::byte> bytes, std::size_t offset) const;
  bool read(std::span<std::byte> bytes, std::size_t offset) const;

  int descriptor() const { return file_; }  // -1: there is none
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
  int file_;
};

}  // namespace weft
