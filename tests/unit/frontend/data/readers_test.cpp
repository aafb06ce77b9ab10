// Reading labelled examples: every format, the header rules, and every way a row can be bad.
#include "frontend/data/readers.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "frontend/data/data_format.h"
#include "ir/diagnostic.h"
#include "tests/support/temporary_file.h"

namespace weft {
namespace {

using Strings = std::vector<std::string>;

struct Result {
  Strings rows;  // label|label: text
  std::vector<std::size_t> lines;
  ReadReport report;
};

Result read(const std::string& name, std::string_view content, const ReadOptions& options = {}) {
  const TemporaryFile file(name, content);
  Result result;
  result.report = read_examples(file.path(), options, [&](const Example& example) {
    std::string row;
    for (const std::string& label : example.labels) row += (row.empty() ? "" : "|") + label;
    result.rows.push_back(row + ": " + example.text);
    result.lines.push_back(example.line);
  });
  return result;
}

Strings rows(const std::string& name, std::string_view content, const ReadOptions& options = {}) {
  return read(name, content, options).rows;
}

ReadOptions columns(std::string text, std::string label) {
  ReadOptions options;
  options.text_column = std::move(text);
  options.label_column = std::move(label);
  return options;
}

ReadOptions separated(std::string separator) {
  ReadOptions options;
  options.label_separator = std::move(separator);
  return options;
}

const Strings kTwo = {"pos: good, really", "neg: bad"};

TEST_CASE("examples: one corpus in every format, plain and gzip") {
  const std::pair<std::string, std::string> files[] = {
      {"d.tsv", "label\ttext\npos\tgood, really\nneg\tbad\n"},
      {"d.csv", "\xEF\xBB\xBFtext,label\r\n\"good, really\",pos\r\nbad,neg\r\n"},
      {"d.jsonl",
       "{\"label\": \"pos\", \"text\": \"good, really\"}\n"
       "{\"text\": \"bad\", \"label\": \"neg\"}\n"},
      {"d.json",
       "\n{\"sentiment\": \"pos\", \"n\": 1, \"review\": \"good, really\"}\n"
       "{\"sentiment\": \"neg\", \"n\": null, \"review\": \"bad\"}\n"},
      {"d.txt", "__label__pos good, really\r\n\r\n__label__neg  bad \r\n"},
      {"d.train", "__label__pos\tgood, really\n__label__neg bad"},
  };
  for (const auto& file : files) {
    const std::string& name = file.first;
    const std::string& content = file.second;
    INFO(name);
    CHECK(rows(name, content) == kTwo);
    CHECK(rows(name + ".gz", gzip(content)) == kTwo);
    CHECK(rows(name, gzip(content)) == kTwo);
    CHECK(rows(name + ".bz2", bzip2(content)) == kTwo);
    CHECK(rows(name + ".zst", zstd(content)) == kTwo);
  }
  ReadOptions flag;
  flag.format = &formats::csv;
  CHECK(rows("d.data", files[1].second, flag) == kTwo);
  CHECK(find_data_format("jsonl") == &formats::jsonl);
  CHECK(find_data_format("auto") == nullptr);
  CHECK(find_data_format("xlsx") == nullptr);
}

TEST_CASE("examples: the table of formats") {
  CHECK(data_format_names() == "tsv, csv, jsonl or fasttext");
  std::set<std::string_view> names, extensions;
  for (const DataFormat* format : all_data_formats()) {
    INFO(format->name);
    CHECK(names.insert(format->name).second);
    CHECK_FALSE(format->doc.empty());
    // A file is told by its name or by its content.
    CHECK((!format->extensions.empty() || format->recognizes != nullptr));
    for (const std::string_view extension : format->extensions) {
      CHECK(extensions.insert(extension).second);
      CHECK(format_by_extension("d" + std::string(extension)) == format);
      CHECK(format_by_extension("d" + std::string(extension) + ".gz") == format);
      CHECK(format_by_extension("d" + std::string(extension) + ".zst") == format);
    }
  }
  CHECK(format_by_extension("d.txt") == nullptr);
  CHECK(format_by_content(" __label__a text") == &formats::fasttext);
  CHECK(format_by_content("some text") == nullptr);
  CHECK(read("d.txt", "__label__a text").report.format == &formats::fasttext);
}

TEST_CASE("examples: what is a header") {
  CHECK(rows("d.tsv", "a\tone\nb\ttwo\n") == Strings{"a: one", "b: two"});
  CHECK(rows("d.tsv", "Label\tcomment_body\na\tone\n") == Strings{"a: one"});
  CHECK(rows("d.csv", "Review , Category\none,a\n") == Strings{"a: one"});
  // `text` may be a label: one usual name is not enough.
  CHECK(rows("d.tsv", "text\tone\nmisc\ttwo\n") == Strings{"text: one", "misc: two"});
  CHECK(rows("d.csv", "id,title,category,text\n1,t,a,one\n") == Strings{"a: one"});
  CHECK(rows("d.csv", "\xEF\xBB\xBF类别,内容\na,一\n") == Strings{"a: 一"});
  CHECK(rows("d.tsv", "标签\tcomment_body\na\t一\n") == Strings{"a: 一"});
  CHECK(rows("d.jsonl", "{\"文本\": \"一\", \"标签\": \"a\"}\n") == Strings{"a: 一"});
  CHECK(rows("d.tsv", "内容\t一\n") == Strings{"内容: 一"});  // may be a label too
  CHECK(rows("d.csv", "who,what\na,one\n", columns("what", "who")) == Strings{"a: one"});
  CHECK(rows("d.csv", "who,what\na,one\n", columns("WHAT", "")) == Strings{"a: one"});
  CHECK(rows("d.csv", "one,x,a\n", columns("1", "3")) == Strings{"a: one"});
  CHECK(rows("d.csv", "one,a\n", columns("1", "")) == Strings{"a: one"});
  CHECK(rows("d.csv", "text,class\none,a\n", columns("1", "2")) == Strings{"a: one"});
  ReadOptions options = columns("1", "2");
  options.header = false;
  CHECK(rows("d.csv", "text,class\n", options) == Strings{"class: text"});
  options.header = true;
  CHECK(rows("d.csv", "p,q\none,a\n", options) == Strings{"a: one"});

  CHECK(read("d.tsv", "a\tone\n").report.columns_assumed);
  const ReadReport report = read("d.csv", "Review,Tag\none,a\n").report;
  CHECK_FALSE(report.columns_assumed);
  CHECK(report.text_column == "Review");
  CHECK(report.label_column == "Tag");
}

TEST_CASE("examples: pairs of texts in two columns") {
  const auto pairs = [](const std::string& name, const std::string& content,
                        const std::string& texts, const std::string& label = "") {
    Strings out;
    const TemporaryFile file(name, content);
    read_examples(file.path(), columns(texts, label), [&](const Example& example) {
      out.push_back(example.labels.front() + ": " + example.text + " | " + *example.pair);
    });
    return out;
  };
  const Strings expected{"y: one | two", "n: three | "};
  CHECK(pairs("d.tsv", "id\tq\tlabel\tp\n1\ttwo\ty\tone\n2\t\tn\tthree\n", "p,q") == expected);
  CHECK(pairs("d.csv", "label,p,q\ny,one,two\nn,three,\n", "P,Q") == expected);
  CHECK(pairs("d.csv", "y,one,two\nn,three,\n", "2,3", "1") == expected);
  CHECK(pairs("d.csv", "one,y,two\nthree,n,\n", "1,3") == expected);
  CHECK(pairs("d.csv", "p,q,gold\none,two,y\nthree,,n\n", "p,q") == expected);
  CHECK(pairs("d.jsonl",
              "{\"label\": \"y\", \"p\": \"one\", \"q\": \"two\"}\n"
              "{\"q\": \"\", \"label\": \"n\", \"p\": \"three\"}\n",
              "p,q") == expected);
  // A column whose own name has a comma is one column.
  CHECK(rows("d.csv", "label,\"p,q\"\na,one\n", columns("p,q", "label")) == Strings{"a: one"});
  CHECK_THROWS_WITH(pairs("d.csv", "label,p,q\ny,one,two\n", "p,r"),
                    doctest::Contains("--text-column r: the file has no such column"));
  CHECK_THROWS_WITH(pairs("d.csv", "label,p,q\ny,one,two\n", "p,p"),
                    doctest::Contains("is named twice"));
  CHECK_THROWS_WITH(pairs("d.csv", "label,p,q\ny,one,two\n", "p,label", "label"),
                    doctest::Contains("cannot be both the text and the label"));
  CHECK_THROWS_WITH(pairs("d.jsonl", "{\"label\": \"y\", \"p\": \"one\", \"q\": 2}\n", "p,q"),
                    doctest::Contains("`q` is a JSON number; the text must be a string"));
}

TEST_CASE("examples: columns that cannot be told") {
  CHECK_THROWS_WITH_AS(rows("d.csv", "a,b,c\n"),
                       doctest::Contains("d.csv:1:1: error: cannot tell "
                                         "which of 3 columns"),
                       Error);
  CHECK_THROWS_WITH(rows("d.csv", "label,b,c\n1,2,3\n"),
                    doctest::Contains("cannot tell which column is the text"));
  CHECK_THROWS_WITH(rows("d.csv", "label,b,c\n1,2,3\n"), doctest::Contains("label, b, c"));
  CHECK_THROWS_WITH(rows("d.csv", "p,q\n1,2\n", columns("r", "")),
                    doctest::Contains("--text-column r: the file has no such column"));
  CHECK_THROWS_WITH(rows("d.csv", "p,q\n1,2\n", columns("3", "")),
                    doctest::Contains("--text-column 3: the file has 2 columns"));
  CHECK_THROWS_WITH(rows("d.csv", "p,q\n1,2\n", columns("0", "")),
                    doctest::Contains("--text-column 0: the file has 2 columns and no header"));
  CHECK(rows("d.csv", "1,0\na,one\n", columns("0", "1")) == Strings{"a: one"});
  CHECK_THROWS_WITH(rows("d.csv", "p,q\n1,2\n", columns("2", "2")),
                    doctest::Contains("column 2 cannot be both"));
  CHECK_THROWS_WITH(rows("d.tsv", "one column\n"), doctest::Contains("has one column"));
  CHECK_THROWS_WITH(rows("d.jsonl", "{\"a\": 1}\n"), doctest::Contains("is the label"));
  CHECK_THROWS_WITH(rows("d.txt", "some text\n"), doctest::Contains("cannot tell the format"));
}

TEST_CASE("examples: several labels") {
  const Strings expected = {"a|b: one", "c: two"};
  CHECK(rows("d.tsv", "label\ttext\nb| a|b \tone\n", separated("|")) == Strings{"b|a: one"});
  CHECK(rows("d.csv", "labels,text\n\"a, b\",one\nc,two\n", separated(",")) == expected);
  CHECK(rows("d.txt", "__label__a __label__b one\n__label__c two\n") == expected);
  CHECK(rows("d.jsonl",
             "{\"text\":\"one\",\"labels\":[\"a\",\"b\"]}\n"
             "{\"text\":\"two\",\"labels\":\"c\"}\n") == expected);
  CHECK(rows("d.jsonl", "{\"text\":\"one\",\"y\":[1,20]}\n{\"text\":\"two\",\"y\":true}\n") ==
        Strings{"1|20: one", "true: two"});
  CHECK(rows("d.tsv", "a|b\tone\n") == Strings{"a|b: one"});
  // Where rows have any number of labels they may have none.
  CHECK(rows("d.tsv", "\tone\na\ttwo\n", separated("|")) == Strings{": one", "a: two"});
  CHECK(rows("d.jsonl", "{\"text\":\"one\",\"y\":[]}\n") == Strings{": one"});
  CHECK_THROWS_WITH(rows("d.tsv", "a||b\tone\n", separated("|")),
                    doctest::Contains("label is empty"));
}

TEST_CASE("examples: a bad row stops with its place, or is counted") {
  const std::string too_deep = std::string(100000, '[');
  const struct {
    const char* file;
    std::string row;
    const char* message;
  } cases[] = {
      {"d.tsv", "a", "the row has 1 field, the first row has 2"},
      {"d.tsv", "a\tb\tc", "the row has 3 fields"},
      {"d.tsv", " \tone", "the label is empty"},
      {"d.tsv", "\xFF\tone", "the label is not UTF-8"},
      {"d.tsv", std::string("a\0b\tone", 7), "control character"},
      {"d.csv", "a,b,c", "the row has 3 fields"},
      {"d.csv", "a,\"b\"c", "text follows the quote"},
      {"d.csv", "\"a\nb\",c", "line break"},
      {"d.jsonl", "{\"label\": \"a\"", "not valid JSON"},
      {"d.jsonl", too_deep, "not valid JSON"},
      {"d.jsonl", "{\"label\": \"a\", \"text\": 1e999}",
       "`text` is a JSON null (`1e999` on this line counts as one"},
      {"d.jsonl", "{\"label\": -1e999, \"text\": \"b\"}",
       "a label is a JSON null (`-1e999` on this line counts as one: it is no finite number"},
      {"d.jsonl", "{\"label\": [\"a\", NaN], \"text\": \"b\"}", "(`NaN` on this line"},
      {"d.jsonl", "{\"label\": \"a\", \"text\": \"\xFF\"}", "invalid string: ill-formed UTF-8"},
      {"d.jsonl", "[1]", "is a JSON array, not an object"},
      {"d.jsonl", "{\"label\": \"a\"}", "the object has no `text`"},
      {"d.jsonl", "{\"label\": \"a\", \"text\": 3}", "`text` is a JSON number"},
      {"d.jsonl", "{\"label\": null, \"text\": \"b\"}", "a label is a JSON null"},
      {"d.jsonl", "{\"label\": [{}], \"text\": \"b\"}", "a label is a JSON object"},
      {"d.txt", "no label", "no word of the line begins with `__label__`"},
      {"d.txt", "__label__ text", "the label is empty"},
  };
  for (const auto& bad : cases) {
    const std::string file = bad.file;
    const char* const message = bad.message;
    std::string good = "a\tone\n";
    if (file == "d.csv") good = "a,one\n";
    if (file == "d.jsonl") good = "{\"label\": \"a\", \"text\": \"one\"}\n";
    if (file == "d.txt") good = "__label__a one\n";
    const std::string content = fmt::format("{}{}\n{}", good, bad.row, good);
    INFO(file << ": " << bad.row.substr(0, 100));
    CHECK_THROWS_WITH_AS(rows(file, content), doctest::Contains(message), Error);
    CHECK_THROWS_WITH_AS(rows(file, content), doctest::Contains((file + ":2:").c_str()), Error);
    CHECK_THROWS_WITH_AS(rows(file, content), doctest::Contains("--skip-bad"), Error);

    ReadOptions skip;
    skip.skip_bad = true;
    const Result result = read(file, content, skip);
    CHECK(result.rows.front() == "a: one");
    CHECK(result.rows.back() == "a: one");
    CHECK(result.report.bad_rows + result.report.examples >= 3);
    REQUIRE(result.report.bad_rows >= 1);
    CHECK(result.report.first_bad.front().find(message) != std::string::npos);
    CHECK(result.report.first_bad.front().find(":2: ") != std::string::npos);
  }
}

TEST_CASE("examples: JSON that is deep, or has many keys or labels") {
  constexpr std::size_t kMany = 200000;
  const std::string deep = std::string(kMany, '[') + std::string(kMany, ']');
  std::string keys = "{\"label\": \"a\", \"text\": \"one\"", labels;
  for (std::size_t i = 0; i < kMany; ++i) {
    keys += fmt::format(", \"k{}\": 1", i);
    labels += fmt::format("\"k{}\", ", i);
  }
  CHECK(rows("d.jsonl", keys + "}\n") == Strings{"a: one"});
  const std::string all =
      rows("d.jsonl", fmt::format("{{\"label\": [{}\"k0\"], \"text\": \"one\"}}\n", labels))
          .front();
  CHECK(std::ranges::count(all, '|') == static_cast<std::ptrdiff_t>(kMany) - 1);  // each once
  CHECK(rows("d.jsonl", fmt::format("{{\"label\": \"a\", \"text\": \"one\", \"more\": {}}}\n",
                                    deep)) == Strings{"a: one"});

  // A number is written as it stands in the file; an array is refused.
  ReadOptions ids;
  ids.id_column = "id";
  ReadOptions flags;
  flags.label_column = "good,bad";
  const auto row = [](const std::string& more) {
    return fmt::format("{{\"label\": \"a\", \"text\": \"one\", \"good\": 1, {}}}\n", more);
  };
  CHECK_THROWS_WITH(rows("d.jsonl", row(fmt::format("\"id\": {}", deep)), ids),
                    doctest::Contains("`id` is a JSON array; it must be a string or a number"));
  CHECK_THROWS_WITH(rows("d.jsonl", row(fmt::format("\"bad\": {}", deep)), flags),
                    doctest::Contains("`bad` is a JSON array"));
  CHECK_THROWS_WITH(rows("d.jsonl", row(fmt::format("\"label\": {}", deep))),
                    doctest::Contains("the object has the key `label` twice"));
}

TEST_CASE("examples: many bad rows are counted, five are named") {
  ReadOptions skip;
  skip.skip_bad = true;
  std::string content = "a\tone\n";
  for (int i = 0; i < 20; ++i) content += "bad\n";
  const Result result = read("d.tsv", content, skip);
  CHECK(result.report.bad_rows == 20);
  CHECK(result.report.first_bad.size() == 5);
  CHECK(result.report.examples == 1);
}

TEST_CASE("examples: files without any") {
  CHECK_THROWS_WITH(rows("d.tsv", ""), doctest::Contains("d.tsv has no examples: it is empty"));
  CHECK_THROWS_WITH(rows("d.txt", ""), doctest::Contains("it is empty"));
  CHECK_THROWS_WITH(rows("d.jsonl", "\n \n"), doctest::Contains("all its lines are empty"));
  CHECK_THROWS_WITH(rows("d.tsv", "label\ttext\n"),
                    doctest::Contains("nothing follows its header"));
  CHECK_THROWS_WITH(rows("d.json", "[\n{\"label\": 1}\n]\n"), doctest::Contains("jq -c"));
  ReadOptions skip;
  skip.skip_bad = true;
  skip.format = &formats::fasttext;
  CHECK_THROWS_WITH(rows("d.txt", "x\ny\n", skip), doctest::Contains("all 2 rows are bad"));
}

TEST_CASE("examples: a file in another encoding is refused, stray bytes are counted") {
  const std::string gb = "\xB7\xBF\xBC\xE4\xBA\xDC\xD4\xE0";  // 房间很脏 in GB18030
  CHECK_THROWS_WITH(
      rows("d.tsv", "a\tone\nb\t" + gb + "\nb\t" + gb + "\n"),
      doctest::Contains("d.tsv is in another encoding: 2 of its 3 texts cannot be read, "
                        "the first on line 2"));
  ReadOptions named;
  named.encoding = "GB18030";
  CHECK(rows("d.tsv", "a\tone\nb\t" + gb + "\n", named) == Strings{"a: one", "b: 房间很脏"});
  const ReadReport report = read("d.tsv", "a\tone\nb\t" + gb + "\nb\ttwo\n").report;
  CHECK(report.broken_texts == 1);
  CHECK(report.first_broken == 2);
  CHECK(read("d.tsv", "a\t房间很脏\n").report.broken_texts == 0);
}

TEST_CASE("examples: texts may be empty, ill-formed, or hold NUL") {
  CHECK(rows("d.tsv", std::string("a\t\nb\t\xFF\0x\n", 9)) ==
        Strings{"a: ", std::string("b: \xFF\0x", 6)});
  const Result result = read("d.csv", "a,one\n\nb,\"two\nlines\"\nc,three\n");
  CHECK(result.lines == std::vector<std::size_t>{1, 3, 5});
}

}  // namespace
}  // namespace weft
