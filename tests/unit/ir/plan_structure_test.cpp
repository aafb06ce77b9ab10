// The structure of plan files: what newer ones need, and what hostile ones share.
#include <doctest/doctest.h>
#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "ir/plan/format.h"
#include "tests/support/check_contains.h"
#include "tests/support/plan_fixture.h"

namespace weft {
namespace {

// Changes the header of a plan file, or of its structure, and makes its checksums right again.
void change_header(std::vector<std::byte>& file, auto change) {
  plan_format::Header header{};
  std::memcpy(&header, file.data(), sizeof header);
  change(header);
  header.structure_checksum =
      plan_format::checksum(std::span(file).subspan(sizeof header, header.structure_size));
  header.header_checksum = plan_format::checksum(header);
  std::memcpy(file.data(), &header, sizeof header);
}

TEST_CASE("a plan of a newer format names both formats") {
  std::vector<std::byte> bytes = encode_plan(example_plan());
  change_header(bytes, [](plan_format::Header& header) { header.version = 9; });
  const std::string message = message_of([&] { decode_plan(bytes, "x.plan"); });
  CHECK_CONTAINS(message, "x.plan: is a plan of format 9, but this weft reads formats up to 5");
  CHECK_CONTAINS(message, "use the weft that made it, or a later one");
}

// As a later weft may write it: of this one's fields it needs none.
TEST_CASE("a plan of a newer format names what it is newer for") {
  constexpr flatbuffers::voffset_t kNeeds = 4 + 2 * 14;  // Plan.needs in plan.fbs
  flatbuffers::FlatBufferBuilder out;
  const auto needs = out.CreateVectorOfStrings({"hierarchical labels", "texts of bytes"});
  const auto start = out.StartTable();
  out.AddOffset(kNeeds, needs);
  out.Finish(flatbuffers::Offset<void>(out.EndTable(start)));
  const auto structure = std::as_bytes(std::span(out.GetBufferPointer(), out.GetSize()));
  std::vector<std::byte> bytes = encode_plan(example_plan());
  std::ranges::copy(structure, bytes.begin() + sizeof(plan_format::Header));
  change_header(bytes, [&](plan_format::Header& header) {
    header.version = 6;
    header.structure_size = structure.size();
  });
  const auto message = [&] { return message_of([&] { decode_plan(bytes, "x.plan"); }); };
  CHECK_CONTAINS(message(),
                 "x.plan: is a plan of format 6, with hierarchical labels, with texts of bytes, "
                 "but this weft reads formats up to 5");
  // However damaged the rest is, no more than that is said.
  constexpr std::size_t kFirst = sizeof(plan_format::Header);
  for (std::size_t i = kFirst; i < kFirst + structure.size(); ++i) {
    const std::byte kept = std::exchange(bytes[i], std::byte{0xFF});
    CHECK_CONTAINS(message(), "x.plan: is a plan of format 6");
    bytes[i] = kept;
  }
  bytes.resize(kFirst);
  CHECK_CONTAINS(message(), "x.plan: is a plan of format 6, but this weft reads formats up to 5");
}

// A plan file whose structure is what `out` has made, of `root`, with its checksums.
std::vector<std::byte> file_of(flatbuffers::FlatBufferBuilder& out,
                               flatbuffers::Offset<flatbuffers::Table> root) {
  out.Finish(root);
  const auto structure = std::as_bytes(std::span(out.GetBufferPointer(), out.GetSize()));
  constexpr std::size_t kFirst = sizeof(plan_format::Header);
  std::vector<std::byte> bytes = encode_plan(example_plan());
  bytes.resize(kFirst);
  bytes.resize(plan_format::aligned(kFirst + structure.size()));
  std::ranges::copy(structure, bytes.begin() + kFirst);
  change_header(bytes, [&](plan_format::Header& header) {
    header.file_size = bytes.size();
    header.structure_size = structure.size();
  });
  return bytes;
}

// A table of one field, which is the number of its place in plan.fbs.
flatbuffers::Offset<flatbuffers::Table> table_of(flatbuffers::FlatBufferBuilder& out,
                                                 flatbuffers::voffset_t field, auto what) {
  const auto start = out.StartTable();
  out.AddOffset(static_cast<flatbuffers::voffset_t>(4 + 2 * field), what);
  return {out.EndTable(start)};
}

// Each of 1000 programs is the one that lists, 1000 times, a value of 1000 dimensions.
TEST_CASE("a small structure whose tables are shared is refused, however often") {
  flatbuffers::FlatBufferBuilder out;
  const auto many = [&](flatbuffers::Offset<flatbuffers::Table> table) {
    return out.CreateVector(std::vector(1000, table));
  };
  const auto dim = table_of(out, 0, out.CreateString("T"));          // Dim.symbol
  const auto value = table_of(out, 1, table_of(out, 1, many(dim)));  // Value.type, Type.shape
  const auto program = table_of(out, 5, many(value));                // Program.values
  const auto bytes = file_of(out, table_of(out, 8, many(program)));  // Plan.programs
  CHECK(bytes.size() < 16'000);
  CHECK_CONTAINS(message_of([&] { decode_plan(bytes); }), "or its tables are shared");
}

// A list of 100,000 times the same 100 kB would take 10 GB.
TEST_CASE("what a newer format needs is told in few words") {
  flatbuffers::FlatBufferBuilder out;
  const auto need = out.CreateString(std::string(100'000, 'x'));
  auto bytes = file_of(out, table_of(out, 14, out.CreateVector(std::vector(100'000, need))));
  change_header(bytes, [](plan_format::Header& header) { header.version = 6; });
  const std::string message = message_of([&] { decode_plan(bytes); });
  CHECK_CONTAINS(message, "is a plan of format 6, with xxx");
  CHECK(message.size() < 1000);
}

// With the comments of the first program referring as `change` says, given the offset that it has
// and the distance to the first comment.
std::string message_of_comments(const std::vector<std::string>& comments, auto change) {
  Plan plan = example_plan();
  plan.programs[0].comments = comments;
  std::vector<std::byte> bytes = encode_plan(plan);
  const auto word = [&](std::size_t at) {
    return reinterpret_cast<std::uint32_t*>(bytes.data() + at);
  };
  const auto first = std::as_bytes(std::span(comments[0]));
  const auto found = std::search(bytes.begin(), bytes.end(), first.begin(), first.end());
  const auto string = static_cast<std::size_t>(found - bytes.begin()) - 4;
  std::size_t list = string;  // of offsets; its first refers to the first comment
  while (*word(list) != comments.size() || list + 4 + *word(list + 4) != string) list -= 4;
  for (std::size_t i = 0; i < comments.size(); ++i) {
    const std::size_t at = list + 4 + 4 * i;
    *word(at) = change(*word(at), static_cast<std::uint32_t>(string - at));
  }
  change_header(bytes, [](const plan_format::Header&) {});
  return message_of([&] { decode_plan(bytes); });
}

TEST_CASE("comments are inside of a structure, and no larger than it together") {
  const std::vector<std::string> two{"the first of all comments", "another"};
  const auto as_it_is = [](std::uint32_t distance, std::uint32_t) { return distance; };
  const auto the_first = [](std::uint32_t, std::uint32_t first) { return first; };
  CHECK(message_of_comments(two, as_it_is) == "accepted");
  CHECK(message_of_comments(two, the_first) == "accepted");
  for (const std::uint32_t outside : {1U << 20, 0xFFFFFFFFU, 0x7FFFFFFFU}) {
    CHECK_CONTAINS(message_of_comments(two, [&](auto...) { return outside; }),
                   "its structure ends within a string");
  }
  std::vector<std::string> many(1000, "small");
  many[0] = std::string(10'000, 'x');
  CHECK(message_of_comments(many, as_it_is) == "accepted");
  CHECK_CONTAINS(message_of_comments(many, the_first), "its structure refers to itself");
}

}  // namespace
}  // namespace weft
