// Lines of plain and gzip files, whole, cut short and damaged.
#include "frontend/data/line_reader.h"

#include <vector>

#include "ir/diagnostic.h"
#include "tests/support/temporary_file.h"

namespace weft {
namespace {

using Strings = std::vector<std::string>;

Strings lines_of(const std::string& path) {
  LineReader reader(path);
  Strings lines;
  for (std::string_view line; reader.next(line);) {
    lines.emplace_back(line);
    REQUIRE(reader.line() == lines.size());
  }
  return lines;
}

Strings lines_in(std::string_view content) {
  return lines_of(TemporaryFile("lines.txt", content).path());
}

TEST_CASE("input: lines end at LF or CR LF, and the last may not") {
  CHECK(lines_in("") == Strings{});
  CHECK(lines_in("a") == Strings{"a"});
  CHECK(lines_in("a\n") == Strings{"a"});
  CHECK(lines_in("\n\na\r\n\r\nb\rc") == Strings{"", "", "a", "", "b\rc"});
  CHECK(lines_in("\xEF\xBB\xBF"
                 "a\n\xEF\xBB\xBF") == Strings{"a", "\xEF\xBB\xBF"});
  CHECK(lines_in(std::string_view("a\0b\n", 4)) == Strings{std::string("a\0b", 3)});
  CHECK(lines_in("\x1F\n") == Strings{"\x1F"});
}

TEST_CASE("input: lines of every length around the block size, plain and gzip") {
  Strings expected;
  std::string content;
  for (const std::size_t length :
       {0U, 1U, 65534U, 65535U, 65536U, 65537U, 131072U, 5U, 3000000U, 2U}) {
    expected.emplace_back(length, static_cast<char>('a' + expected.size()));
    content += expected.back() + "\n";
  }
  CHECK(lines_in(content) == expected);
  CHECK(lines_in(gzip(content)) == expected);
  CHECK(lines_in(gzip(content.substr(0, 70000)) + gzip(content.substr(70000)) +
                 std::string(9, '\0')) == expected);
  CHECK(lines_in(gzip("")) == Strings{});
}

TEST_CASE("input: a line can be read again") {
  const TemporaryFile file("lines.txt", "a\nb\n");
  LineReader reader(file.path());
  std::string_view line;
  REQUIRE(reader.next(line));
  reader.unread();
  REQUIRE(reader.next(line));
  CHECK(line == "a");
  CHECK(reader.line() == 1);
  REQUIRE(reader.next(line));
  CHECK(line == "b");
  CHECK_FALSE(reader.next(line));
}

TEST_CASE("input: what cannot be read is named") {
  const TemporaryFile file("lines.txt", "a");
  CHECK_THROWS_WITH(lines_of(file.directory() + "/none.txt"),
                    doctest::Contains("none.txt: No such file or directory"));
  CHECK_THROWS_WITH(lines_of(file.directory()), doctest::Contains("it is a directory"));
  CHECK_THROWS_WITH(lines_in("\xFF\xFE"
                             "a"),
                    doctest::Contains("UTF-16"));

  std::string content;
  for (int i = 0; i < 20000; ++i) content += std::to_string(i * 7919) + "\n";
  const std::string whole = gzip(content);
  for (const std::size_t size :
       {std::size_t{2}, std::size_t{9}, whole.size() / 2, whole.size() - 1}) {
    CHECK_THROWS_WITH_AS(lines_in(whole.substr(0, size)), doctest::Contains("cut short"), Error);
  }
  CHECK_THROWS_WITH_AS(lines_in(whole + "x"), doctest::Contains("other bytes follow"), Error);
  std::string damaged = whole;
  for (std::size_t i = damaged.size() / 2; i < damaged.size() / 2 + 20; ++i) damaged[i] = 'x';
  CHECK_THROWS_WITH_AS(lines_in(damaged), doctest::Contains("damaged"), Error);
}

}  // namespace
}  // namespace weft
