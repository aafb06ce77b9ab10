// Reads and writes varints, fixed numbers and bytes with a length.
#include "frontend/onnx/wire.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "ir/diagnostic.h"

namespace weft::onnx {
namespace {

constexpr unsigned kBitsOfKind = 3;
constexpr std::uint32_t kKindMask = 7;

template <class T>
T load(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);  // little-endian, as all machines weft runs on
  return value;
}

}  // namespace

void fail_damaged(const std::string& what) {
  throw Error(what, "the file is damaged, or is no ONNX model: export it again");
}

void WireReader::fail(std::string_view why) const {
  fail_damaged(fmt::format("{} {}", what_, why));
}

std::uint64_t WireReader::varint() {
  constexpr unsigned kMostBits = 64, kBits = 7;
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < kMostBits; shift += kBits) {
    if (rest_.empty()) fail("ends within a number");
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80U) return value;
  }
  fail("has a number of more than 10 bytes");
}

std::uint64_t WireReader::fixed(std::size_t size) {
  if (rest_.size() < size) fail("ends within a number");
  std::uint64_t value = 0;
  std::memcpy(&value, rest_.data(), size);
  rest_.remove_prefix(size);
  return value;
}

bool WireReader::next(WireField& field) {
  if (rest_.empty()) return false;
  const std::uint64_t key = varint();
  const std::uint64_t number = key >> kBitsOfKind;
  if (number == 0 || number >= (1U << 29U)) fail("has a field of no possible number");
  field = {};
  field.number = static_cast<std::uint32_t>(number);
  field.kind = static_cast<WireField::Kind>(key & kKindMask);
  switch (field.kind) {
    case WireField::Kind::varint:
      field.bits = varint();
      return true;
    case WireField::Kind::fixed64:
      field.bits = fixed(sizeof(std::uint64_t));
      return true;
    case WireField::Kind::fixed32:
      field.bits = fixed(sizeof(std::uint32_t));
      return true;
    case WireField::Kind::bytes: {
      const std::uint64_t size = varint();
      if (size > rest_.size()) {
        fail(fmt::format("has a field of {} bytes where {} are left", size, rest_.size()));
      }
      field.bytes = rest_.substr(0, static_cast<std::size_t>(size));
      rest_.remove_prefix(field.bytes.size());
      return true;
    }
  }
  fail("has a field of no known kind");
}

void append_integers(const WireField& field, std::string_view what,
                     std::vector<std::int64_t>& into) {
  if (field.kind == WireField::Kind::varint) {
    into.push_back(static_cast<std::int64_t>(field.bits));
    return;
  }
  if (field.kind != WireField::Kind::bytes) {
    fail_damaged(fmt::format("{} has numbers of the wrong kind", what));
  }
  // A byte string of varints is read as fields without their keys.
  std::uint64_t value = 0;
  unsigned shift = 0;
  for (const char c : field.bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (shift < 64) value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    shift += 7;
    if (byte >= 0x80U) continue;
    into.push_back(static_cast<std::int64_t>(value));
    value = 0;
    shift = 0;
  }
  if (shift != 0) fail_damaged(fmt::format("{} ends within a number", what));
}

void append_floats(const WireField& field, std::string_view what, std::vector<float>& into) {
  if (field.kind == WireField::Kind::fixed32) {
    into.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(field.bits)));
    return;
  }
  if (field.kind != WireField::Kind::bytes || field.bytes.size() % sizeof(float) != 0) {
    fail_damaged(fmt::format("{} has numbers of the wrong kind", what));
  }
  for (std::size_t at = 0; at < field.bytes.size(); at += sizeof(float)) {
    into.push_back(load<float>(field.bytes.substr(at)));
  }
}

void WireWriter::varint(std::uint64_t value) {
  while (value >= 0x80U) {
    text_ += static_cast<char>(static_cast<unsigned char>(value | 0x80U));
    value >>= 7U;
  }
  text_ += static_cast<char>(value);
}

void WireWriter::key(std::uint32_t number, WireField::Kind kind) {
  varint(static_cast<std::uint64_t>(number) << kBitsOfKind | static_cast<std::uint64_t>(kind));
}

void WireWriter::integer(std::uint32_t number, std::int64_t value) {
  key(number, WireField::Kind::varint);
  varint(static_cast<std::uint64_t>(value));
}

void WireWriter::real(std::uint32_t number, float value) {
  key(number, WireField::Kind::fixed32);
  text_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void WireWriter::bytes(std::uint32_t number, std::string_view value) {
  key(number, WireField::Kind::bytes);
  varint(value.size());
  text_ += value;
}

}  // namespace weft::onnx
