// Reads the header as a stream of JSON events, so that its size bounds the memory it takes, and
// checks the ranges it names.
#include "frontend/pretrained/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "ir/diagnostic.h"

namespace weft {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLongestHeader = 100'000'000;
constexpr std::size_t kMostTensors = 65'536;
constexpr std::size_t kHighestRank = 8;
constexpr std::size_t kLongestName = 1024;
constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();

struct ElementType {
  std::string_view name;
  std::int64_t bits;
};
constexpr auto kElementTypes = std::to_array<ElementType>({
    {"BOOL", 8},    {"U8", 8},      {"I8", 8},      {"F4", 4},      {"F6_E2M3", 6},
    {"F6_E3M2", 6}, {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"I16", 16},
    {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},    {"U32", 32},
    {"F32", 32},    {"F64", 64},    {"I64", 64},    {"U64", 64},    {"C64", 64},
});

struct Entry {
  StoredTensor tensor;
  std::vector<std::int64_t> range;  // begin and end in the data
};

[[noreturn]] void fail(const std::string& path, std::string_view what) {
  throw Error(fmt::format("{}: {}", path, what),
              "the file is damaged, or is no safetensors file: fetch it again");
}

bool is_text(std::string_view name) {
  return name.size() <= kLongestName &&
         std::ranges::none_of(name, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; });
}

// Follows the header's one permitted structure, three levels deep:
// {"__metadata__": {KEY: TEXT}, NAME: {"dtype": TEXT, "shape": [..], "data_offsets": [BEGIN, END]}}
class HeaderReader : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderReader(const std::string& path) : path_(path) {}

  std::vector<Entry> take() { return std::move(entries_); }

  bool null() override { refuse("null"); }
  bool boolean(bool) override { refuse("true or false"); }
  bool number_integer(number_integer_t) override { refuse("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { refuse("a fraction"); }
  bool binary(binary_t&) override { refuse("bytes"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::list) refuse("a number");
    if (value > static_cast<std::uint64_t>(kLargest)) refuse("a number above 2^63 - 1");
    if (list_->size() == (list_ == &entry().range ? 2 : kHighestRank)) {
      refuse(list_ == &entry().range ? "a third number" : "more than 8 dimensions");
    }
    list_->push_back(static_cast<std::int64_t>(value));
    return true;
  }

  bool string(string_t& value) override {
    if (place_ == Place::metadata) return true;
    if (place_ != Place::tensor || key_ != "dtype") refuse("a string");
    entry().tensor.type = value;
    return true;
  }

  bool start_object(std::size_t) override {
    if (place_ == Place::outside) {
      place_ = Place::header;
    } else if (place_ == Place::header) {
      place_ = key_ == "__metadata__" ? Place::metadata : Place::tensor;
      inner_keys_.clear();
    } else {
      refuse("an object");
    }
    return true;
  }

  bool key(string_t& name) override {
    if (!is_text(name)) fail(path_, "a name in its header is too long or holds control characters");
    std::set<std::string>& keys = place_ == Place::header ? names_ : inner_keys_;
    if (!keys.insert(name).second)
      fail(path_, fmt::format("`{}` stands twice in its header", name));
    if (keys.size() > kMostTensors + 1) fail(path_, "its header has more than 65,536 names");
    key_ = name;
    if (place_ == Place::header && name != "__metadata__") {
      if (entries_.size() == kMostTensors) fail(path_, "it lists more than 65,536 tensors");
      entries_.push_back({{name, {}, {}, {}}, {}});
    }
    if (place_ == Place::tensor && key_ != "dtype" && key_ != "shape" && key_ != "data_offsets") {
      fail(path_,
           fmt::format("its tensor `{}` has an unknown property `{}`", entry().tensor.name, key_));
    }
    return true;
  }

  bool end_object() override {
    if (place_ == Place::tensor) {
      if (inner_keys_.size() != 3 || entry().range.size() != 2) {
        fail(path_,
             fmt::format("its tensor `{}` lacks its type, shape or place", entry().tensor.name));
      }
    }
    place_ = place_ == Place::header ? Place::outside : Place::header;
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::tensor || key_ == "dtype") refuse("a list");
    place_ = Place::list;
    list_ = key_ == "shape" ? &entry().tensor.shape : &entry().range;
    return true;
  }

  bool end_array() override {
    place_ = Place::tensor;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const Json::exception&) override {
    fail(path_, fmt::format("its header is not JSON, at byte {}", position));
  }

 private:
  enum class Place { outside, header, metadata, tensor, list };

  Entry& entry() { return entries_.back(); }

  [[noreturn]] void refuse(std::string_view what) const {
    fail(path_, fmt::format("its header has {} where the format has none, after `{}`", what, key_));
  }

  const std::string& path_;
  Place place_ = Place::outside;
  std::string key_;                            // the last one read
  std::vector<std::int64_t>* list_ = nullptr;  // being filled
  std::set<std::string> names_, inner_keys_;
  std::vector<Entry> entries_;
};

// The bytes that the tensor's shape and type ask for.
std::int64_t size_of(const StoredTensor& tensor, const std::string& path) {
  const auto type = std::ranges::find(kElementTypes, tensor.type, &ElementType::name);
  if (type == kElementTypes.end()) {
    fail(path, fmt::format("its tensor `{}` has an unknown type", tensor.name));
  }
  std::int64_t bits = type->bits;
  for (const std::int64_t extent : tensor.shape) {
    if (__builtin_mul_overflow(bits, extent, &bits)) {
      fail(path, fmt::format("the size of its tensor `{}` overflows", tensor.name));
    }
  }
  if (bits % 8 != 0) {
    fail(path, fmt::format("its tensor `{}` ends within a byte", tensor.name));
  }
  return bits / 8;
}

// Each tensor must begin where the one before it ends, and the last end with the file.
void place(std::vector<Entry>& entries, std::span<const std::byte> data, const std::string& path) {
  std::ranges::sort(entries, {}, &Entry::range);
  std::int64_t expected = 0;
  for (Entry& entry : entries) {
    const std::int64_t begin = entry.range[0], end = entry.range[1];
    const std::string& name = entry.tensor.name;
    if (begin < expected) fail(path, fmt::format("its tensor `{}` overlaps another", name));
    if (begin > expected)
      fail(path, fmt::format("unused bytes stand before its tensor `{}`", name));
    if (end < begin) fail(path, fmt::format("its tensor `{}` ends before it begins", name));
    if (end > static_cast<std::int64_t>(data.size())) {
      fail(path, fmt::format("its tensor `{}` ends after the file does", name));
    }
    if (size_of(entry.tensor, path) != end - begin) {
      fail(path, fmt::format("its tensor `{}` has not the size that its shape and type say", name));
    }
    entry.tensor.bytes =
        data.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    expected = end;
  }
  if (static_cast<std::size_t>(expected) != data.size()) {
    fail(path, "unused bytes follow its last tensor");
  }
}

}  // namespace

std::int64_t elements_of(const Extents& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

std::vector<StoredTensor> parse_safetensors(std::span<const std::byte> file,
                                            const std::string& path) {
  std::uint64_t size = 0;
  if (file.size() < sizeof(size)) fail(path, "it is too short for a safetensors file");
  std::memcpy(&size, file.data(), sizeof(size));
  const std::span<const std::byte> rest = file.subspan(sizeof(size));
  if (size > kLongestHeader) fail(path, "its header is longer than 100 MB");
  if (size > rest.size()) fail(path, "its header ends after the file does");

  const std::string_view header(reinterpret_cast<const char*>(rest.data()),
                                static_cast<std::size_t>(size));
  if (!header.starts_with('{')) fail(path, "its header does not begin with `{`");
  // A zero byte would be the end of the JSON for its parser.
  if (header.find('\0') != std::string_view::npos) fail(path, "its header holds a zero byte");
  HeaderReader reader(path);
  Json::sax_parse(header.begin(), header.end(), &reader);

  std::vector<Entry> entries = reader.take();
  place(entries, rest.subspan(header.size()), path);
  std::vector<StoredTensor> tensors;
  tensors.reserve(entries.size());
  for (Entry& entry : entries) tensors.push_back(std::move(entry.tensor));
  std::ranges::sort(tensors, {}, &StoredTensor::name);
  return tensors;
}

}  // namespace weft
