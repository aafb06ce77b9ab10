// Checks the header of a plan file.
#include "ir/plan/header.h"

#include <fmt/format.h>

#include <cstring>

#include "ir/diagnostic.h"

namespace weft::plan_format {

void damaged(std::string_view what) {
  throw Error(fmt::format("is damaged: {}", what),
              "copy it again, or make it again from its model");
}

void require(bool holds, std::string_view otherwise) {
  if (!holds) damaged(otherwise);
}

void require_zeros(std::span<const std::byte> bytes) {
  for (const std::byte b : bytes) require(b == std::byte{0}, "padding is not zero");
}

Header checked_header(std::span<const std::byte> bytes) {
  constexpr const char* kRemedy =
      "plans are made by `weft train` and, of models of other programs, `weft import`";
  const std::size_t magic = std::min(bytes.size(), kMagic.size());
  if (magic == 0) throw Error("is empty", kRemedy);
  if (std::memcmp(bytes.data(), kMagic.data(), magic) != 0) {
    throw Error("is not a plan", kRemedy);
  }
  Header header{};
  require(bytes.size() >= sizeof header, "it is cut short");
  std::memcpy(&header, bytes.data(), sizeof header);
  require(checksum(header) == header.header_checksum, "its header's checksum does not match");
  if (header.version > kVersion) return header;
  require(header.version > 0 && header.reserved == 0 && header.more_reserved[0] == 0 &&
              header.more_reserved[1] == 0,
          "its header says what no weft writes");
  if (bytes.size() != header.file_size) {
    damaged(fmt::format("it is {}, {} of {} bytes",
                        bytes.size() < header.file_size ? "cut short" : "too long", bytes.size(),
                        header.file_size));
  }
  return header;
}

}  // namespace weft::plan_format
