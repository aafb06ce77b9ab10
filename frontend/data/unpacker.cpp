// One class for each library.
#include "frontend/data/unpacker.h"

#include <bzlib.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>

#include "ir/diagnostic.h"

namespace weft {
namespace {

constexpr std::size_t kLongestMagic = 10;

// `?` stands for any byte.
bool fits(std::string_view begin, std::string_view magic) {
  return std::equal(begin.begin(), begin.end(), magic.begin(),
                    [](char a, char b) { return a == b || b == '?'; });
}
bool begins_with(std::string_view begin, std::string_view magic) {
  return begin.size() >= magic.size() && fits(begin.substr(0, magic.size()), magic);
}

constexpr std::string_view kGzip = "\x1F\x8B";
constexpr std::string_view kBzip2 = "BZh?1AY&SY";
constexpr std::string_view kEmptyBzip2 = "BZh?\x17\x72\x45\x38\x50\x90";
constexpr std::string_view kZstd = "\x28\xB5\x2F\xFD";
constexpr std::string_view kZstdSkipped = "?\x2A\x4D\x18";  // its first byte is 0x50 to 0x5F

class Gzip : public Unpacker {
 public:
  Gzip() { WEFT_CHECK(inflateInit2(&stream_, MAX_WBITS + 16) == Z_OK); }
  ~Gzip() override { inflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  std::string_view name() const override { return "gzip"; }
  std::string_view tester() const override { return "gzip -t"; }
  void restart() override { inflateReset(&stream_); }
  bool begins(std::string_view packed) const override { return packed.front() == kGzip.front(); }

  Step step(std::string_view packed, char* out, std::size_t size) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(size);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END) {
      throw Damaged{stream_.msg == nullptr ? "unknown reason" : stream_.msg};
    }
    return {packed.size() - stream_.avail_in, size - stream_.avail_out, result == Z_STREAM_END};
  }

 private:
  z_stream stream_{};
};

class Bzip2 : public Unpacker {
 public:
  Bzip2() { begin(); }
  ~Bzip2() override { BZ2_bzDecompressEnd(&stream_); }
  Bzip2(const Bzip2&) = delete;
  Bzip2& operator=(const Bzip2&) = delete;

  std::string_view name() const override { return "bzip2"; }
  std::string_view tester() const override { return "bzip2 -t"; }
  void restart() override {
    BZ2_bzDecompressEnd(&stream_);
    begin();
  }
  bool begins(std::string_view packed) const override { return packed.front() == 'B'; }

  Step step(std::string_view packed, char* out, std::size_t size) override {
    stream_.next_in = const_cast<char*>(packed.data());
    stream_.avail_in = static_cast<unsigned>(packed.size());
    stream_.next_out = out;
    stream_.avail_out = static_cast<unsigned>(size);
    const int result = BZ2_bzDecompress(&stream_);
    if (result == BZ_MEM_ERROR) throw std::bad_alloc();
    if (result != BZ_OK && result != BZ_STREAM_END) throw Damaged{"a checksum or a code is wrong"};
    return {packed.size() - stream_.avail_in, size - stream_.avail_out, result == BZ_STREAM_END};
  }

 private:
  void begin() {
    stream_ = {};
    WEFT_CHECK(BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK);
  }

  bz_stream stream_{};
};

class Zstd : public Unpacker {
 public:
  Zstd() : stream_(ZSTD_createDStream(), ZSTD_freeDStream) { WEFT_CHECK(stream_ != nullptr); }

  std::string_view name() const override { return "zstd"; }
  std::string_view tester() const override { return "zstd -t"; }
  void restart() override { ZSTD_initDStream(stream_.get()); }
  bool begins(std::string_view packed) const override {
    const auto first = static_cast<unsigned char>(packed.front());
    return packed.front() == kZstd.front() || (first >= 0x50 && first <= 0x5F);
  }

  Step step(std::string_view packed, char* out, std::size_t size) override {
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    ZSTD_outBuffer given{out, size, 0};
    const std::size_t result = ZSTD_decompressStream(stream_.get(), &given, &in);
    if (ZSTD_isError(result) != 0) throw Damaged{ZSTD_getErrorName(result)};
    return {in.pos, given.pos, result == 0};
  }

 private:
  std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream_;
};

bool begins_skipped_zstd(std::string_view begin) {
  const auto first = static_cast<unsigned char>(begin.front());
  return first >= 0x50 && first <= 0x5F && begins_with(begin, kZstdSkipped);
}

}  // namespace

std::unique_ptr<Unpacker> make_unpacker(std::string_view begin) {
  if (begins_with(begin, kGzip)) return std::make_unique<Gzip>();
  if (begins_with(begin, kBzip2) || begins_with(begin, kEmptyBzip2)) {
    return std::make_unique<Bzip2>();
  }
  if (begins_with(begin, kZstd) || (!begin.empty() && begins_skipped_zstd(begin))) {
    return std::make_unique<Zstd>();
  }
  return nullptr;
}

bool may_be_packed(std::string_view begin) {
  if (begin.empty() || begin.size() >= kLongestMagic) return false;
  return std::ranges::any_of(
      std::array{kGzip, kBzip2, kEmptyBzip2, kZstd},
      [&](std::string_view magic) { return begin.size() < magic.size() && fits(begin, magic); });
}

}  // namespace weft
