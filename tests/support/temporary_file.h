// A file for the length of a test.
#pragma once

#include <bzlib.h>
#include <doctest/doctest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <string_view>

#include "tests/support/temporary_folder.h"

namespace weft {

class TemporaryFile {
 public:
  // `name` keeps its extension; the file is a new one in a folder of its own.
  TemporaryFile(const std::string& name, std::string_view content) : path_(folder_ / name) {
    put(path_, content);
  }

  const std::string& path() const { return path_; }
  std::string directory() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  std::string path_;
};

// One gzip member.
inline std::string gzip(std::string_view content) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string bzip2(std::string_view content) {
  std::string out(content.size() + content.size() / 100 + 600, '\0');
  auto size = static_cast<unsigned>(out.size());
  REQUIRE(BZ2_bzBuffToBuffCompress(out.data(), &size, const_cast<char*>(content.data()),
                                   static_cast<unsigned>(content.size()), 9, 0, 0) == BZ_OK);
  out.resize(size);
  return out;
}

inline std::string zstd(std::string_view content) {
  std::string out(ZSTD_compressBound(content.size()), '\0');
  const std::size_t size = ZSTD_compress(out.data(), out.size(), content.data(), content.size(), 3);
  REQUIRE(ZSTD_isError(size) == 0);
  out.resize(size);
  return out;
}

}  // namespace weft
