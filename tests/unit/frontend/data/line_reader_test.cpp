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
  CHECK(lines_in("a\r\r\nb\r\r\n") == Strings{"a", "b"});  // written as text twice on Windows
  CHECK(lines_in("\xEF\xBB\xBF"
                 "a\n\xEF\xBB\xBF"
                 "b\n\xEF\xBB\xBF\xEF\xBB\xBF") == Strings{"a", "b", ""});  // joined files
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

TEST_CASE("input: files of old Macs end their lines with CR") {
  CHECK(lines_in("a\rb\r") == Strings{"a", "b"});
  CHECK(lines_in("a\rb\r\rc") == Strings{"a", "b", "", "c"});
  CHECK(lines_in("a\r") == Strings{"a"});
  std::string mac, unix;
  Strings expected;
  for (int i = 0; i < 30000; ++i) {
    mac += "mac line\r";
    unix += i % 2 == 0 ? "unix line\n" : "dos line\r\n";
    expected.emplace_back("mac line");
  }
  CHECK(lines_in(mac) == expected);
  for (int i = 0; i < 30000; ++i) expected.emplace_back(i % 2 == 0 ? "unix line" : "dos line");
  CHECK(lines_in(mac + unix) == expected);
  CHECK(lines_in(gzip(mac + unix)) == expected);
  // A file with LF may hold CR in its texts, which are counted.
  const TemporaryFile file("lines.txt", "one\rtext\r\nb\nan\rother\n");
  LineReader reader(file.path());
  Strings lines;
  for (std::string_view line; reader.next(line);) lines.emplace_back(line);
  CHECK(lines == Strings{"one\rtext", "b", "an\rother"});
  CHECK(reader.returns().count == 2);
  CHECK(reader.returns().first == 1);
}

TEST_CASE("input: text that has not been taken can be looked at") {
  const TemporaryFile file("lines.txt", "a\nb\n");
  LineReader reader(file.path());
  CHECK(reader.ahead(1) == "a\nb\n");
  std::string_view line;
  REQUIRE(reader.next(line));
  CHECK(line == "a");
  CHECK(reader.ahead(1) == "b\n");
  REQUIRE(reader.next(line));
  CHECK(reader.line() == 2);
  CHECK(reader.ahead(1).empty());
  CHECK_FALSE(reader.next(line));
}

TEST_CASE("input: other encodings, by mark or by request") {
  const std::u16string text = u"é房😀\n";
  std::string little, big;
  for (const char16_t unit : text) {
    little += {static_cast<char>(unit & 0xFF), static_cast<char>(unit >> 8U)};
    big += {static_cast<char>(unit >> 8U), static_cast<char>(unit & 0xFF)};
  }
  const auto in = [](std::string_view content, const std::string& encoding) {
    const TemporaryFile file("lines.txt", content);
    LineReader reader(file.path(), encoding);
    Strings lines;
    for (std::string_view line; reader.next(line);) lines.emplace_back(line);
    return lines;
  };
  const Strings expected = {"é房😀"};
  CHECK(in("\xFF\xFE" + little, "") == expected);
  CHECK(in("\xFE\xFF" + big, "") == expected);
  CHECK(in(little, "UTF-16LE") == expected);
  CHECK(in("\xFF\xFE" + little, "utf-16") == expected);
  CHECK(in("\xB7\xBF\xBC\xE4\n", "gb18030") == Strings{"房间"});
  CHECK(in("caf\xE9\n", "latin1") == Strings{"café"});
  CHECK(in("caf\xC3\xA9\n", "UTF-8") == Strings{"café"});
  // Pairs of surrogates over the borders of blocks, and bytes that are not of the encoding.
  std::string many(1, 'x');
  std::string utf8(1, 'x');
  std::string wide("x\0", 2);
  for (int i = 0; i < 100000; ++i) {
    wide += std::string("\x3D\xD8\x00\xDE", 4);
    utf8 += "😀";
  }
  CHECK(in(wide, "UTF-16LE") == Strings{utf8});
  CHECK(in(std::string("a\0\x00\xDE"
                       "b\0",
                       6),
           "UTF-16LE") == Strings{"a\xFF"
                                  "b"});
  CHECK(in("a\xB7", "gb18030") == Strings{"a\xFF"});
  CHECK_THROWS_WITH_AS(in("a", "utf-99"), doctest::Contains("no such encoding"), Error);
  CHECK_THROWS_WITH_AS(in("\xEF\xBB\xBF"
                          "a",
                          "gb18030"),
                       doctest::Contains("mark of UTF-8"), Error);
}

TEST_CASE("input: members that meet within a line are seen") {
  const auto seams = [](const std::string& content) {
    const TemporaryFile file("lines.gz", content);
    LineReader reader(file.path());
    for (std::string_view line; reader.next(line);) continue;
    return std::pair(reader.seams().count, reader.seams().first);
  };
  using Pair = std::pair<std::size_t, std::size_t>;
  CHECK(seams(gzip("a\nb\n") + gzip("c\n")) == Pair{0, 0});
  CHECK(seams(gzip("a\nb") + gzip("c\n") + gzip("d\n")) == Pair{1, 2});
  CHECK(seams(zstd("a\nb") + zstd("c\n")) == Pair{1, 2});
  CHECK(seams(bzip2("a\nb") + bzip2("c\n")) == Pair{0, 0});  // as parallel packers make them
}

TEST_CASE("input: what cannot be read is named") {
  const TemporaryFile file("lines.txt", "a");
  CHECK_THROWS_WITH(lines_of(file.directory() + "/none.txt"),
                    doctest::Contains("none.txt: No such file or directory"));
  CHECK_THROWS_WITH(lines_of(file.directory()), doctest::Contains("it is a directory"));

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

  const std::string packed[] = {bzip2(content), zstd(content)};
  for (const std::string& stored : packed) {
    CHECK(lines_in(stored).size() == 20000);
    CHECK(lines_in(stored + stored).size() == 40000);
    CHECK_THROWS_WITH_AS(lines_in(stored.substr(0, stored.size() / 2)),
                         doctest::Contains("cut short"), Error);
    CHECK_THROWS_WITH_AS(lines_in(stored + "\x01"), doctest::Contains("other bytes follow"), Error);
    std::string bad = stored;
    for (std::size_t i = bad.size() / 2; i < bad.size() / 2 + 20; ++i) bad[i] = 'x';
    CHECK_THROWS_WITH_AS(lines_in(bad), doctest::Contains("damaged"), Error);
  }
}

}  // namespace
}  // namespace weft
