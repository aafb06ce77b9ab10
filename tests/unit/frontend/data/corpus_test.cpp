// Corpora in memory: label numbering, and headers that go unnoticed.
#include "frontend/data/corpus.h"

#include <algorithm>
#include <vector>

#include "ir/diagnostic.h"
#include "tests/support/temporary_file.h"

namespace weft {
namespace {

using Strings = std::vector<std::string>;

std::string described(const Corpus& corpus, std::size_t i) {
  std::string result;
  for (const std::uint32_t label : corpus.labels(i)) result += corpus.label_names()[label] + "|";
  return result + std::string(corpus.text(i));
}

TEST_CASE("corpus: labels are numbered in an order that rows do not change") {
  const std::vector<Example> words = {{"x", {"b"}, 1}, {"y", {"c", "a"}, 2}, {"", {}, 5}};
  const Corpus corpus(words);
  CHECK(corpus.label_names() == Strings{"a", "b", "c"});
  CHECK(corpus.multi_label());
  REQUIRE(corpus.size() == 3);
  CHECK(described(corpus, 0) == "b|x");
  CHECK(described(corpus, 1) == "c|a|y");
  CHECK(described(corpus, 2) == "");
  CHECK(corpus.line(2) == 5);

  const auto names = [](const Strings& labels) {
    std::vector<Example> examples;
    for (const std::string& label : labels) examples.push_back({"", {label}, 1});
    const Corpus one_label(examples);
    CHECK_FALSE(one_label.multi_label());
    return one_label.label_names();
  };
  CHECK(names({"10", "9", "-1", "0"}) == Strings{"-1", "0", "9", "10"});
  CHECK(names({"10", "9", "01"}) == Strings{"01", "10", "9"});
  CHECK(names({"10", "9", "99999999999999999999"}) == Strings{"10", "9", "99999999999999999999"});
}

TEST_CASE("corpus: a text taken for a label is noticed") {
  std::string content;
  for (int i = 0; i < 30; ++i) content += "text number " + std::to_string(i) + "\tspam\n";
  const TemporaryFile file("d.tsv", content);
  CHECK_THROWS_WITH_AS(read_corpus(file.path()), doctest::Contains("30 values in 30 rows"), Error);
  ReadOptions options;
  options.text_column = "1";
  CHECK(read_corpus(file.path(), options).label_names() == Strings{"spam"});
}

TEST_CASE("corpus: a header whose names are not known is noticed") {
  std::string rows;
  for (int i = 0; i < 40; ++i)
    rows += (i % 2 == 0 ? "good\tfine " : "bad\tdull ") + std::to_string(i) + '\n';
  const auto noticed = [](const std::string& content, const ReadOptions& options = {}) {
    const Corpus corpus = read_corpus(TemporaryFile("d.tsv", content).path(), options);
    const auto& remarks = corpus.report().remarks;
    return std::ranges::any_of(remarks, [](const std::string& remark) {
      return remark.find("line 1 is read as an example, but looks like a header") != remark.npos;
    });
  };
  CHECK(noticed("polarity\tphrase\n" + rows));
  CHECK_FALSE(noticed(rows));
  CHECK_FALSE(noticed(rows + "rare\ttext\n"));             // not the first row
  CHECK_FALSE(noticed("polarity\tphrase\ngood\tfine\n"));  // too few rows to judge
  CHECK(noticed("polarity\tphrase\ngood\tfine\nbad\tx\ngood\ty\nbad\tz\n"));
  CHECK(noticed("polarity\ttext\ngood\tfine\n"));  // a usual name
  CHECK_FALSE(noticed("label\tphrase\n" + rows));  // a header, and read as one
  ReadOptions named;
  named.text_column = "phrase";
  named.label_column = "polarity";
  CHECK_FALSE(noticed("polarity\tphrase\n" + rows, named));
  ReadOptions numbered;
  numbered.text_column = "2";
  numbered.label_column = "1";
  CHECK(noticed("polarity\tphrase\n" + rows, numbered));
  numbered.header = false;
  CHECK_FALSE(noticed("polarity\tphrase\n" + rows, numbered));
  numbered.header = true;
  CHECK_FALSE(noticed("polarity\tphrase\n" + rows, numbered));
  // Where many labels are of one text, that the first is says nothing.
  for (const char* label : {"a", "b", "c"}) rows += std::string(label) + "\ttext\n";
  CHECK_FALSE(noticed("polarity\tphrase\n" + rows));
}

TEST_CASE("a view's rows are those of its corpus") {
  const std::vector<Example> examples{{"one", {"a"}, 1}, {"two", {"b"}, 2}};
  const Corpus corpus(examples);
  const std::vector<std::uint32_t> inside{1, 0, 1};
  CHECK(CorpusView(corpus, inside).size() == 3);
  const std::vector<std::uint32_t> beyond{0, 2};
  CHECK_THROWS_AS(CorpusView(corpus, beyond), Error);
}

TEST_CASE("rows are named by their line, or by their index where they are of an array") {
  const Corpus file(std::vector<Example>{{"one", {"a"}, 2}, {"two", {"b"}, 5}});
  CHECK(file.place(1) == "line 5");
  const std::vector<Example> given{{"one", {"a"}}, {"two", {"b"}}, {"three", {"b"}}};
  const Corpus array(given);
  CHECK(array.place(1) == "examples[1]");
  CHECK(Corpus(given, "texts").place(0) == "texts[0]");
  const std::vector<std::uint32_t> last{2};
  CHECK(CorpusView(array, last).place(0) == "examples[2]");
  CHECK(joined(file, file).place(3) == "line 5");
  CHECK(joined(array, array).place(4) == "examples[4]");
  const std::vector<Example> bad{{"one", {"a"}}, {"two", {" "}}};
  CHECK_THROWS_WITH_AS(Corpus{bad}, doctest::Contains("examples[1]: the label "), Error);
}

TEST_CASE("labels of texts in memory obey the rules of those in files") {
  for (const char* label : {"", " ", "two\nlines", "\x1b[31m", "\x7F", "\xFF"}) {
    const std::vector<Example> examples{{"one", {"a"}, 1}, {"two", {label}, 2}};
    try {
      const Corpus corpus(examples);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.diagnostics().front().message.starts_with("line 2: the label "));
    }
  }
}

}  // namespace
}  // namespace weft
