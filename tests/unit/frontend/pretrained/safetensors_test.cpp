// safetensors files made here byte by byte: what is read, what is refused, what is written.
#include "frontend/pretrained/safetensors.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <random>

#include "frontend/pretrained/stored_floats.h"
#include "ir/diagnostic.h"
#include "runtime/resources/threads.h"
#include "tests/support/temporary_file.h"

namespace weft {
namespace {

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::string file_of(std::string_view header, std::string_view data = {}) {
  return bytes_of(std::vector<std::uint64_t>{header.size()}) + std::string(header) +
         std::string(data);
}

std::string entry(std::string_view name, std::string_view type, std::string_view shape,
                  std::string_view range) {
  return fmt::format(R"("{}":{{"dtype":"{}","shape":{},"data_offsets":{}}})", name, type, shape,
                     range);
}

// The message with which a file of these bytes is refused; empty if it is not.
std::string refusal(std::string_view bytes) {
  const TemporaryFile file("x.safetensors", bytes);
  try {
    const SafetensorsFile opened(file.path());
    return {};
  } catch (const Error& error) {
    CHECK(error.diagnostics().size() == 1);
    CHECK_FALSE(error.diagnostics()[0].note.empty());
    return error.diagnostics()[0].message.substr(file.path().size() + 2);
  }
}

std::string refusal_of_header(std::string_view header, std::size_t data = 8) {
  return refusal(file_of(header, std::string(data, '\0')));
}

TEST_CASE("safetensors: names, types, shapes and values, whatever the alignment") {
  const std::vector<float> floats = {1.5F, -0.0F, 3e-40F};
  const std::vector<std::uint16_t> halfs = {0x3C00, 0x8001, 0xFBFF};
  const std::vector<std::uint16_t> brains = {0x3F80, 0x0001, 0xC040};
  for (std::string padding : {"", " ", "   "}) {
    const TemporaryFile file("x.safetensors",
                             file_of("{" + entry("b", "F16", "[3]", "[13,19]") + "," +
                                         entry("a.w", "F32", "[1,3]", "[1,13]") + "," +
                                         R"("__metadata__":{"format":"pt","x":"y"},)" +
                                         entry("c", "BF16", "[3,1,1]", "[19,25]") + "," +
                                         entry("flag", "BOOL", "[]", "[0,1]") + "," +
                                         entry("none", "F32", "[0,7]", "[13,13]") + "}" + padding,
                                     "\1" + bytes_of(floats) + bytes_of(halfs) + bytes_of(brains)));
    const SafetensorsFile opened(file.path());
    REQUIRE(opened.tensors().size() == 5);
    CHECK(find_tensor(opened.tensors(), "a") == nullptr);
    const auto values = [&](std::string_view name) {
      const StoredTensor* const tensor = find_tensor(opened.tensors(), name);
      REQUIRE(tensor != nullptr);
      std::vector<float> into(static_cast<std::size_t>(tensor->elements()));
      read_values(*tensor, into);
      return into;
    };
    CHECK(find_tensor(opened.tensors(), "a.w")->shape == Extents{1, 3});
    CHECK(find_tensor(opened.tensors(), "flag")->shape.empty());
    CHECK(bytes_of(values("a.w")) == bytes_of(floats));
    CHECK(values("b") == std::vector<float>{1.0F, -std::ldexp(1.0F, -24), -65504.0F});
    CHECK(values("c") == std::vector<float>{1.0F, std::ldexp(1.0F, -133), -3.0F});
    CHECK(values("none").empty());
    std::vector<float> two(2);
    read_values(*find_tensor(opened.tensors(), "b"), 1, two);
    CHECK(two[1] == -65504.0F);
    CHECK_THROWS_WITH_AS(values("flag"), doctest::Contains("`flag` is stored as BOOL"), Error);
  }
}

TEST_CASE("safetensors: every half and bfloat16 by its definition") {
  std::vector<std::uint16_t> stored(65'536);
  for (std::size_t i = 0; i < stored.size(); ++i) stored[i] = static_cast<std::uint16_t>(i);
  const auto* const from = reinterpret_cast<const std::byte*>(stored.data());
  const auto value_of = [](std::size_t bits, int exponent_bits, int mantissa_bits) {
    const int highest = (1 << exponent_bits) - 1, bias = highest / 2;
    const int exponent = static_cast<int>(bits >> mantissa_bits) & highest;
    const double mantissa =
        std::ldexp(static_cast<double>(bits & ((1U << mantissa_bits) - 1)), -mantissa_bits);
    const double sign = bits >= 0x8000 ? -1.0 : 1.0;
    if (exponent == highest) return mantissa == 0 ? sign * INFINITY : NAN;
    return sign * (exponent == 0 ? std::ldexp(mantissa, 1 - bias)
                                 : std::ldexp(1 + mantissa, exponent - bias));
  };
  const FlushDenormals flush;  // as threads of a loop have it
  for (const bool brain : {false, true}) {
    std::vector<float> all(stored.size());
    CHECK_FALSE(to_floats(brain ? StoredFloat::bf16 : StoredFloat::f16, from, all));
    int wrong = 0, misjudged = 0;
    for (std::size_t i = 0; i < stored.size(); ++i) {
      const double expected = brain ? value_of(i, 8, 7) : value_of(i, 5, 10);
      const auto bits = std::bit_cast<std::uint32_t>(all[i]);
      const bool same = std::isnan(expected)
                            ? (bits & 0x7FFF'FFFFU) > 0x7F80'0000U
                            : bits == std::bit_cast<std::uint32_t>(static_cast<float>(expected)) ||
                                  (brain && bits == i << 16);
      wrong += same ? 0 : 1;
      float one = 0;
      const bool finite =
          to_floats(brain ? StoredFloat::bf16 : StoredFloat::f16, from + 2 * i, {&one, 1});
      misjudged += finite == std::isfinite(expected) ? 0 : 1;
    }
    CHECK(wrong == 0);
    CHECK(misjudged == 0);
  }
}

TEST_CASE("safetensors: values that are not finite are named") {
  for (const float bad : {INFINITY, -INFINITY, NAN}) {
    for (const std::size_t place : {0U, 17U, 39U}) {
      std::vector<float> values(40, 1.0F);
      values[place] = bad;
      const TemporaryFile file(
          "x.safetensors",
          file_of("{" + entry("w", "F32", "[40]", "[0,160]") + "}", bytes_of(values)));
      const SafetensorsFile opened(file.path());
      std::vector<float> into(40);
      CHECK_THROWS_WITH_AS(read_values(opened.tensors()[0], into),
                           doctest::Contains(fmt::format("`w` holds a value that is not finite: "
                                                         "element {} is",
                                                         place)
                                                 .c_str()),
                           Error);
      CHECK_THROWS_AS(
          write_safetensors(
              file.path(),
              {{"w", {40}, [&](std::span<float> out) { std::ranges::copy(values, out.begin()); }}}),
          Error);
    }
  }
}

TEST_CASE("safetensors: files that are refused") {
  CHECK(refusal("").starts_with("it is too short"));
  CHECK(refusal("1234567").starts_with("it is too short"));
  CHECK(refusal(file_of("{}").substr(0, 9)).starts_with("its header ends after the file"));
  CHECK(refusal(std::string(8, '\xFF')).starts_with("its header is longer than 100 MB"));
  CHECK(refusal(file_of("")).starts_with("its header does not begin"));
  CHECK(refusal_of_header(" {}", 0).starts_with("its header does not begin"));
  CHECK(refusal_of_header("[]", 0).starts_with("its header does not begin"));
  CHECK(refusal_of_header(std::string_view("{}\0x", 4), 0).starts_with("its header holds a zero"));
  CHECK(refusal_of_header("{} {}", 0).starts_with("its header is not JSON, at byte"));
  CHECK(refusal_of_header("{\"a\":", 0).starts_with("its header is not JSON"));
  CHECK(refusal_of_header("{\"a\xFF\":1}", 0).starts_with("its header is not JSON"));
  CHECK(refusal_of_header("{}", 0).empty());
  CHECK(refusal_of_header("{}", 1).starts_with("unused bytes follow"));
  CHECK(refusal_of_header(R"({"__metadata__":{"a":1}})", 0).starts_with("its header has a number"));
  CHECK(refusal_of_header(R"({"__metadata__":{"a":{}}})", 0).starts_with("its header has an obj"));
  CHECK(refusal_of_header(R"({"__metadata__":"a"})", 0).starts_with("its header has a string"));
  CHECK(refusal_of_header(R"({"a":[]})").starts_with("its header has a list"));
  CHECK(refusal_of_header(R"({"a":null})").starts_with("its header has null"));
  CHECK(refusal_of_header(R"({"a":true})").starts_with("its header has true"));
  CHECK(refusal_of_header(R"({"a":{}})").starts_with("its tensor `a` lacks"));
  CHECK(
      refusal_of_header(R"({"a":{"dtype":"F32","shape":[2]}})").starts_with("its tensor `a` lac"));
  CHECK(refusal_of_header(R"({"a":{"dtype":[1]}})").starts_with("its header has a list"));
  CHECK(refusal_of_header(R"({"a":{"colour":1}})").starts_with("its tensor `a` has an unknown pr"));
  CHECK(refusal_of_header(R"({"a":{"shape":"x"}})").starts_with("its header has a string"));
  const std::string deep(100'000, '[');
  CHECK(refusal_of_header("{\"a\":" + deep).starts_with("its header has a list"));
  CHECK(refusal_of_header(R"({"a":{"shape":)" + deep).starts_with("its header has a list"));
  CHECK(refusal_of_header(R"({"a\n":{}})").starts_with("a name in its header"));
  CHECK(refusal_of_header("{\"" + std::string(2000, 'a') + "\":{}}").starts_with("a name in its"));

  const std::string good = entry("a", "F32", "[2]", "[0,8]");
  CHECK(refusal_of_header("{" + good + "}").empty());
  CHECK(refusal_of_header("{" + good + "," + good + "}").starts_with("`a` stands twice"));
  CHECK(refusal_of_header(R"({"a":{"dtype":"F32","dtype":"F32"}})").starts_with("`dtype` stands"));
  CHECK(
      refusal_of_header(R"({"__metadata__":{"a":"","a":""}})", 0).starts_with("`a` stands twice"));
}

TEST_CASE("safetensors: shapes and ranges that are refused") {
  const auto refused = [](std::string_view type, std::string_view shape, std::string_view range) {
    return refusal_of_header("{" + entry("a", type, shape, range) + "}");
  };
  CHECK(refused("F33", "[2]", "[0,8]").starts_with("its tensor `a` has an unknown type"));
  CHECK(refused("F32", "[3]", "[0,8]").starts_with("its tensor `a` has not the size"));
  CHECK(refused("F16", "[2]", "[0,8]").starts_with("its tensor `a` has not the size"));
  CHECK(refused("F4", "[3]", "[0,8]").starts_with("its tensor `a` ends within a byte"));
  CHECK(refused("F4", "[16]", "[0,8]").empty());
  CHECK(refused("F32", "[-2]", "[0,8]").starts_with("its header has a negative number"));
  CHECK(refused("F32", "[2.0]", "[0,8]").starts_with("its header has a fraction"));
  CHECK(refused("F32", "[1e999]", "[0,8]").starts_with("its header is not JSON"));
  CHECK(refused("F32", "[9223372036854775808]", "[0,8]").starts_with("its header has a number ab"));
  CHECK(refused("F32", "[99999999999999999999]", "[0,8]").starts_with("its header has a fraction"));
  CHECK(refused("F32", "[4294967296,4294967296]", "[0,8]").find("overflows") != std::string::npos);
  // The product is 2 modulo 2^64.
  CHECK(refused("U8", "[9223372036854775807,2]", "[0,8]").find("overflows") != std::string::npos);
  CHECK(refused("F32", "[4294967296,4294967296,0]", "[0,0]").find("overflows") !=
        std::string::npos);
  CHECK(refused("F32", "[1,1,1,1,1,1,1,2]", "[0,8]").empty());
  CHECK(refused("F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]").starts_with("its header has more than 8"));
  CHECK(refused("F32", "[2]", "[0]").starts_with("its tensor `a` lacks"));
  CHECK(refused("F32", "[2]", "[0,8,8]").starts_with("its header has a third number"));
  CHECK(refused("F32", "[2]", "[8,0]").starts_with("unused bytes stand before"));
  CHECK(refused("F32", "[2]", "[0,16]").starts_with("its tensor `a` ends after the file"));
  CHECK(refused("F32", "[1]", "[0,4]").starts_with("unused bytes follow"));
  CHECK(refused("F32", "[1]", "[4,8]").starts_with("unused bytes stand before its tensor `a`"));
  const auto two = [](std::string_view a, std::string_view b) {
    return refusal_of_header("{" + entry("a", "F32", "[1]", a) + "," + entry("b", "F32", "[1]", b) +
                             "}");
  };
  CHECK(two("[4,8]", "[0,4]").empty());
  CHECK(two("[0,4]", "[0,4]").starts_with("its tensor `b` overlaps another"));
  CHECK(two("[0,4]", "[2,6]").starts_with("its tensor `b` overlaps another"));
  CHECK(two("[0,4]", "[4,0]").starts_with("its tensor `b` ends before it begins"));

  const auto many = [](std::size_t count) {
    std::string header = "{" + entry("n0", "F32", "[0]", "[0,0]");
    for (std::size_t i = 1; i < count; ++i) {
      header += "," + entry(fmt::format("n{}", i), "F32", "[0]", "[0,0]");
    }
    return refusal_of_header(header + "}", 0);
  };
  CHECK(many(65'536).empty());
  CHECK(many(65'537).starts_with("it lists more than 65,536 tensors"));
}

TEST_CASE("safetensors: files cut or changed anywhere are refused or read") {
  const std::string whole =
      file_of("{" + entry("a", "F32", "[1,2]", "[0,8]") + "," + entry("b", "F16", "[2]", "[8,12]") +
                  R"(,"__metadata__":{"k":"v"}})",
              std::string(12, '\0'));
  int refused = 0;
  const auto check = [&](const std::string& bytes) {
    const TemporaryFile file("x.safetensors", bytes);
    try {
      const SafetensorsFile opened(file.path());
      for (const StoredTensor& tensor : opened.tensors()) {
        std::vector<float> into(static_cast<std::size_t>(tensor.elements()));
        read_values(tensor, into);
      }
    } catch (const Error&) {
      ++refused;
    }
  };
  for (std::size_t size = 0; size < whole.size(); ++size) check(whole.substr(0, size));
  CHECK(refused == static_cast<int>(whole.size()));
  std::mt19937 random(1);  // NOLINT: the same each time
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char other : {'\0', '"', '9', '{', ']', static_cast<char>(random())}) {
      std::string bytes = whole;
      bytes[at] = other;
      check(bytes);
    }
  }
}

void put(const std::string& folder, const char* name, std::string_view content) {
  std::ofstream(folder + "/" + name, std::ios::binary) << content;
}

TEST_CASE("safetensors: a folder of shards") {
  const std::string a = file_of("{" + entry("a", "F32", "[1]", "[0,4]") + "}", "abcd");
  const std::string b = file_of("{" + entry("b", "F32", "[1]", "[0,4]") + "}", "efgh");
  const TemporaryFile place("README", "");
  const std::string folder = place.directory();
  const auto index = [&](std::string_view map) {
    put(folder, "model.safetensors.index.json", fmt::format(R"({{"weight_map":{}}})", map));
  };
  const auto opening = [&] { const SafetensorsFolder opened(folder); };
  CHECK_THROWS_WITH_AS(opening(), doctest::Contains("has neither model.safetensors nor"), Error);
  index(R"({"a":"1.safetensors","b":"2.safetensors"})");
  CHECK_THROWS_WITH_AS(opening(), doctest::Contains("1.safetensors is missing"), Error);
  CHECK_THROWS_WITH_AS(opening(), doctest::Contains("2.safetensors is missing"), Error);
  put(folder, "1.safetensors", a);
  put(folder, "2.safetensors", b);
  {
    const SafetensorsFolder opened(folder);
    REQUIRE(opened.tensors().size() == 2);
    CHECK(opened.tensors()[1].bytes[0] == std::byte{'e'});
  }
  put(folder, "2.safetensors", a);  // though the index says `b`
  CHECK_THROWS_WITH_AS(opening(), doctest::Contains("`a` stands in two of its files"), Error);
  for (const char* name : {"../x", "/etc/passwd", "a/b", "..", "", "x\\\\y", "x\\u0000y"}) {
    index(fmt::format(R"({{"a":"{}"}})", name));
    CHECK_THROWS_WITH_AS(opening(), doctest::Contains("is no name of a file in its folder"), Error);
  }
  for (const char* map : {"{}", "[]", "3", "{", R"({"a":1})", R"({"a":null})"}) {
    index(map);
    CHECK_THROWS_AS(opening(), Error);
  }
  put(folder, "model.safetensors", b);  // comes before the index
  CHECK(SafetensorsFolder(folder).tensors()[0].name == "b");
}

TEST_CASE("safetensors: what is written is read back, and is the same whatever the order") {
  const auto filled = [](float value) {
    return [value](std::span<float> into) { std::ranges::fill(into, value); };
  };
  const TemporaryFile one("one.safetensors", "");
  const TemporaryFile two("two.safetensors", "");
  write_safetensors(one.path(), {{"b", {2, 3}, filled(3e-40F)}, {"a", {}, filled(-0.0F)}});
  write_safetensors(two.path(), {{"a", {}, filled(-0.0F)}, {"b", {2, 3}, filled(3e-40F)}});
  CHECK(read_text_file(one.path()) == read_text_file(two.path()));
  CHECK(read_text_file(one.path()).find(R"({"__metadata__":{"format":"pt"})") == 8);
  const SafetensorsFile opened(one.path());
  const StoredTensor& b = *find_tensor(opened.tensors(), "b");
  CHECK(b.shape == Extents{2, 3});
  CHECK(std::bit_cast<std::uintptr_t>(b.bytes.data()) % 4 == 0);
  std::vector<float> into(6);
  read_values(b, into);
  CHECK(into == std::vector<float>(6, 3e-40F));
  write_safetensors(one.path(), {});
  CHECK(SafetensorsFile(one.path()).tensors().empty());
}

}  // namespace
}  // namespace weft
