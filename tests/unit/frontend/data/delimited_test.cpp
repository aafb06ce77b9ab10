// CSV and TSV rows: round trips of random fields, torture by hand, and what happens after bad rows.
#include "frontend/data/delimited.h"

#include <random>

#include "tests/support/temporary_file.h"

namespace weft {
namespace {

using Row = std::vector<std::string>;
using Rows = std::vector<Row>;

struct Result {
  Rows rows;
  std::vector<std::size_t> lines;
  std::vector<BadRow> bad;
};

Result read(std::string_view content, const Dialect& dialect = kCsv) {
  const TemporaryFile file("rows", content);
  LineReader lines(file.path());
  RowReader reader(lines, dialect);
  Result result;
  for (Row row;;) {
    try {
      if (!reader.next(row)) return result;
      result.rows.push_back(row);
      result.lines.push_back(reader.line());
    } catch (const BadRow& bad) {
      result.bad.push_back(bad);
    }
  }
}

TEST_CASE("delimited: CSV as RFC 4180 has it") {
  CHECK(read("a,b\r\n\"a\",\"b\"\r\n").rows == Rows{{"a", "b"}, {"a", "b"}});
  CHECK(read("\"a,b\",\"say \"\"hi\"\"\",\"\"").rows == Rows{{"a,b", "say \"hi\"", ""}});
  CHECK(read("1,\"two\nlines\"\n2,x").rows == Rows{{"1", "two\nlines"}, {"2", "x"}});
  CHECK(read("1,\"a\r\n\r\n\nb\"\r\n").rows == Rows{{"1", "a\n\n\nb"}});
  CHECK(read(",\n,,\n\n\"\"\n").rows == Rows{{"", ""}, {"", "", ""}, {""}});
  CHECK(read("a \"b\" c,5\" disk, \"x\" ").rows == Rows{{"a \"b\" c", "5\" disk", " \"x\" "}});
  CHECK(read("\"\"\"\",\"\"\"a\"\"\"").rows == Rows{{"\"", "\"a\""}});
  CHECK(read("\xEF\xBB\xBF\"a\",b").rows == Rows{{"a", "b"}});
  CHECK(read("").rows.empty());
}

TEST_CASE("delimited: TSV has no quotes") {
  CHECK(read("\"a\tb\"\n\tc,d\t\n", kTsv).rows == Rows{{"\"a", "b\""}, {"", "c,d", ""}});
}

TEST_CASE("delimited: other delimiters, quotes and escapes") {
  CHECK(read("a;'b;c'\n1;2\n", {';', '\'', '\0'}).rows == Rows{{"a", "b;c"}, {"1", "2"}});
  // As MySQL, Spark and R write them.
  const Dialect escaped = {',', '"', '\\'};
  CHECK(read(R"(1,"say \"hi\", he said")", escaped).rows == Rows{{"1", "say \"hi\", he said"}});
  CHECK(read(R"(1,a\,b,"c\\","d\n")", escaped).rows == Rows{{"1", "a,b", "c\\", "d\\n"}});
  CHECK(read("1,\"two \\\"\nlines\"", escaped).rows == Rows{{"1", "two \"\nlines"}});
  CHECK(read("1,\"two\"\"\"", escaped).rows == Rows{{"1", "two\""}});
  CHECK(read("1,a\\", escaped).rows == Rows{{"1", "a\\"}});
}

TEST_CASE("delimited: the dialect that the first rows show") {
  const Dialect quoted = {'\t', '"', '\0'};
  const auto tsv = [](std::string_view text) { return recognized_dialect(text, true, kTsv); };
  CHECK(tsv("label\ttext\nb\tplain\n") == kTsv);
  CHECK(tsv("\"label\"\t\"text\"\n\"b\"\t\"say \"\"hi\"\"\"\n") == quoted);
  CHECK(tsv("\"label\"\t\"text\"\n1\t\"good\"\n") == quoted);
  CHECK(tsv("1\t\"good\"\n2\t\"bad\"\n") == quoted);  // all that is no number
  CHECK(tsv("b\t\"say \"\"hi\"\"\"\nb\tplain\n") == quoted);
  CHECK(tsv("b\t\"two\nlines\"\nb\tplain\n") == quoted);
  CHECK(tsv("\"b\"\t\"say \\\"hi\\\"\"") == Dialect{'\t', '"', '\\'});
  // Quotes of the text itself.
  CHECK(tsv("b\t\"Great\"\nb\tplain\n") == kTsv);
  CHECK(tsv("b\t\"Great\" film\nb\t\"\"x\"\"\n") == kTsv);
  CHECK(tsv("b\t\"Great\nb\tdull\"\nb\tplain\n") == kTsv);  // each line has two fields
  CHECK(tsv("b\tsay \"hi\"\nb\t\"a\"\"b\"\n") == kTsv);
  const auto csv = [](std::string_view text) { return recognized_dialect(text, true, kCsv); };
  CHECK(csv("a,\"b \"\"c\"\"\"\n") == kCsv);
  CHECK(csv("a,\"b \\\"c\\\"\"\n") == Dialect{',', '"', '\\'});
  CHECK(csv("a,\"C:\\\"\n") == kCsv);
}

TEST_CASE("delimited: rows know the line they begin on") {
  CHECK(read("a\n\n\"b\n\nc\"\nd\n").lines == std::vector<std::size_t>{1, 3, 6});
}

TEST_CASE("delimited: random fields round-trip") {
  std::mt19937 random(11);
  constexpr std::string_view kBytes = "ab,\"\"\n \t\xE5";
  for (int trial = 0; trial < 300; ++trial) {
    Rows rows;
    std::string content;
    for (std::size_t r = 0; r < 1 + random() % 20; ++r) {
      Row row(2 + random() % 3);
      for (std::size_t f = 0; f < row.size(); ++f) {
        row[f].resize(random() % 6);
        for (char& c : row[f]) c = kBytes[random() % kBytes.size()];
        const bool plain = row[f].find_first_of(",\"\n") == std::string::npos;
        if (f > 0) content += ',';
        if (plain && random() % 2 == 0) {
          content += row[f];
        } else {
          content += '"';
          for (const char c : row[f]) content += c == '"' ? "\"\"" : std::string(1, c);
          content += '"';
        }
      }
      rows.push_back(row);
      content += random() % 2 == 0 ? "\n" : "\r\n";
    }
    INFO("content: " << content);
    REQUIRE(read(content).rows == rows);
  }
}

TEST_CASE("delimited: a quote left open is named, and reading goes on after its line") {
  const Result result = read("1,a\n2,\"open\n3,c\n4,d\n");
  REQUIRE(result.bad.size() == 1);
  CHECK(result.bad[0].line == 2);
  CHECK(result.bad[0].column == 3);
  CHECK(result.bad[0].message == "this quote is still open at the end of the file");
  CHECK(result.rows == Rows{{"1", "a"}, {"3", "c"}, {"4", "d"}});
  CHECK(result.lines == std::vector<std::size_t>{1, 3, 4});
}

TEST_CASE("delimited: a row that cannot be read is named by its first line") {
  // The first line opens a quote that the second closes, and opens another.
  const Result open = read("1,\"a\n2\",\"b\n3,\"c\"\n4,d\n");
  REQUIRE(open.bad.size() == 2);
  CHECK(open.bad[0].line == 1);
  CHECK(open.bad[0].column == 3);
  CHECK(open.bad[0].message == "text follows the quote that closes this field, at line 3, byte 4");
  CHECK(open.bad[1].line == 2);
  CHECK(open.bad[1].column == 4);
  CHECK(open.rows == Rows{{"3", "c"}, {"4", "d"}});
  const Result reopened = read("1,\"a\n2\",\"b\n");
  REQUIRE(reopened.bad.size() == 2);
  CHECK(reopened.bad[0].line == 1);
  CHECK(reopened.bad[0].message ==
        "a quote that opens on line 2 is still open at the end of the file");
  CHECK(reopened.bad[1].message == "this quote is still open at the end of the file");
}

// Every row opens a quote, and each is bad. Reading on to the end for each would take hours.
TEST_CASE("delimited: many bad rows take the time of their bytes") {
  constexpr std::size_t kRows = 300'000;
  std::string content;
  for (std::size_t i = 0; i < kRows; ++i) content += "x\",\"\n";
  const Result result = read(content + "last,\"row\"\n");
  REQUIRE(result.bad.size() == kRows);
  CHECK(result.bad.front().line == 1);
  CHECK(result.bad[7].line == 8);
  CHECK(result.bad[7].message == result.bad[8].message);
  CHECK(result.rows == Rows{{"last", "row"}});
}

TEST_CASE("delimited: a row has a limit, whatever its fields have") {
  std::string content = "x,\"";
  while (content.size() < (std::size_t{65} << 20U))
    content += std::string(1U << 20U, 'y') + "\n\",\"";
  const Result result = read(content + "\"\n");
  REQUIRE(!result.bad.empty());
  CHECK(result.bad.front().line == 1);
  CHECK(result.bad.front().message.find("64 MiB later") != std::string::npos);
}

TEST_CASE("delimited: text after a closing quote") {
  const Result result = read("1,\"a\" b\n2,\"open\n3,\"c\"\n4,\"d\"\n");
  REQUIRE(result.bad.size() == 2);
  CHECK(result.bad[0].line == 1);
  CHECK(result.bad[0].column == 3);
  CHECK(result.bad[1].line == 2);
  CHECK(result.bad[1].message ==
        "text follows the quote that closes this field, at line 3, byte 4");
  CHECK(result.rows == Rows{{"3", "c"}, {"4", "d"}});
}

}  // namespace
}  // namespace weft
