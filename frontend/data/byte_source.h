// Reads the bytes of a file, or of standard input: plain, gzip, bzip2 or zstd, told by content.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace weft {

// The bytes of a file, uncompressed; `-` is standard input. A read returns what has arrived and
// does not wait for more. Error if the file cannot be opened or read, if what is packed is cut
// short or damaged, or if it is of another kind that can be named (frontend/data/foreign_files.h).
class ByteSource {
 public:
  enum class Pipes : std::uint8_t { read, refused };

  explicit ByteSource(const std::string& path, Pipes pipes = Pipes::read);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // Up to `size` bytes, at least one; 0 at the end. They are of one member: of one of the packed
  // files that were joined, where there are several.
  std::size_t read(char* out, std::size_t size);

  // The number of the member that read() gave bytes of, from 1. Blocks of a file that was packed in
  // parallel (bgzip, pbzip2) are one member.
  std::size_t member() const;

  const std::string& name() const;  // for messages
  double share_read() const;        // of the file; 0 if its size is not known

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft
