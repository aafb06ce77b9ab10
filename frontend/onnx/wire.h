// Protobuf's wire format, in which ONNX files are written: fields of a number and a value, one
// after the other. Own code, because ONNX needs six messages of it, and strict bounds when it
// reads.
//
// https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft::onnx {

// Error: `what` is so, with the remedy of a damaged file.
[[noreturn]] void fail_damaged(const std::string& what);

// One field of a message, as it is stored. Kinds 3 and 4, groups, are none that ONNX uses.
struct WireField {
  enum class Kind : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

  std::uint32_t number = 0;
  Kind kind = Kind::varint;
  std::uint64_t bits = 0;       // of varint, fixed64, fixed32
  std::string_view bytes = {};  // of bytes: text, a message inside or packed numbers
};

// The fields of a message in their order. Error, with `what` it is part of, where its bytes are no
// fields.
class WireReader {
 public:
  WireReader(std::string_view message, std::string_view what) : rest_(message), what_(what) {}

  bool next(WireField& field);  // false at the end

 private:
  std::uint64_t varint();
  std::uint64_t fixed(std::size_t size);
  [[noreturn]] void fail(std::string_view why) const;

  std::string_view rest_, what_;
};

// The numbers of a repeated field: one, or packed. Appended to `into`. Error if they are of another
// kind.
void append_integers(const WireField&, std::string_view what, std::vector<std::int64_t>& into);
void append_floats(const WireField&, std::string_view what, std::vector<float>& into);

// A message in the making.
class WireWriter {
 public:
  void integer(std::uint32_t number, std::int64_t value);
  void real(std::uint32_t number, float value);
  void bytes(std::uint32_t number, std::string_view value);
  void message(std::uint32_t number, const WireWriter& inner) { bytes(number, inner.text_); }

  const std::string& text() const { return text_; }

 private:
  void key(std::uint32_t number, WireField::Kind kind);
  void varint(std::uint64_t value);

  std::string text_;
};

}  // namespace weft::onnx
