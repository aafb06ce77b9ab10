// Odd files that people have, and what becomes of each: it is read right, with a word on what was
// odd, or it is refused with a remedy. Nothing is read as something else in silence.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "frontend/data/corpus.h"
#include "frontend/data/data_format.h"
#include "ir/diagnostic.h"
#include "tests/support/temporary_file.h"

namespace weft {
namespace {

using Strings = std::vector<std::string>;
using namespace std::string_literals;

struct Odd {
  const char* origin;  // where such files come from
  const char* name;
  std::string content;
  Strings rows;      // label|label: text; empty if the file is refused
  const char* says;  // in a note, a remark or the error; "": nothing is said
  ReadOptions options = {};
};

ReadOptions with(const std::string& text, const std::string& label,
                 std::optional<char> delimiter = std::nullopt) {
  ReadOptions options;
  options.text_column = text;
  options.label_column = label;
  options.delimiter = delimiter;
  return options;
}

ReadOptions encoded(const std::string& encoding) {
  ReadOptions options;
  options.encoding = encoding;
  return options;
}

std::string utf16(std::string_view ascii, bool little) {
  std::string out;
  for (const char c : ascii) out += little ? std::string{c, '\0'} : std::string{'\0', c};
  return out;
}

std::string utf32(std::string_view ascii) {
  std::string out;
  for (const char c : ascii) out += std::string{c, '\0', '\0', '\0'};
  return out;
}

const std::string kMark = "\xEF\xBB\xBF";
const Strings kTwo = {"pos: good", "neg: bad"};

// Made when the test runs, because packing may fail.
std::vector<Odd> odd_files() {
  return {
      // ---- fastText lines
      {"fastText: the label after the text", "d.txt", "good __label__pos\nbad __label__neg\n", kTwo,
       ""},
      {"fastText: labels between words",
       "d.txt",
       "nice __label__a room\nbad __label__b\n",
       {"a: nice room", "b: bad"},
       ""},
      {"fastText: labels with commas between them (StackExchange tags)",
       "d.txt",
       "__label__a , __label__b good\n__label__c , bad\n",
       {"a|b: good", "c: , bad"},
       ""},
      {"fastText: tabs after labels, `__label__` within a word",
       "d.txt",
       "__label__pos\tgood\n__label__neg\tbad__label__x\n",
       {"pos: good", "neg: bad__label__x"},
       "are two lines joined there"},
      {"fastText lines in a .csv", "d.csv", "__label__pos good, really\n", {}, "--format fasttext"},

      // ---- joined files
      {"cat a.csv b.csv", "d.csv", "label,text\npos,good\nlabel,text\nneg,bad\n", kTwo,
       "1 row is the header again, and not read (line 3)"},
      {"cat a.csv b.csv, where the second has its columns in another order", "d.csv",
       "label,text\npos,good\ntext,label\nbad,neg\n", kTwo, "1 row is the header again"},
      {"cat a.csv b.csv, where the second has its names in other case and with spaces", "d.csv",
       "label,text\npos,good\n Text , LABEL\nbad,neg\n", kTwo, "1 row is the header again"},
      {"a row that is like the header, but has another word",
       "d.csv",
       "label,text\npos,good\nLabel,texts\n",
       {"pos: good", "Label: texts"},
       ""},
      {"cat of files with byte order marks (Excel)", "d.csv",
       kMark + "label,text\npos,good\n" + kMark + "label,text\nneg,bad\n", kTwo,
       "the header again"},
      {"two byte order marks (saved as UTF-8 with BOM, twice)", "d.csv",
       kMark + kMark + "label,text\npos,good\nneg,bad\n", kTwo, ""},
      {"byte order marks before rows, no header, quotes", "d.csv",
       kMark + "pos,\"good\"\n" + kMark + "\"neg\",bad\n", kTwo, ""},
      {"cat a.csv.gz b.csv.gz", "d.csv.gz",
       gzip("label,text\npos,good\n") + gzip("label,text\nneg,bad\n"), kTwo, "the header again"},
      {"cat of .gz files without a last line end",
       "d.txt.gz",
       gzip("__label__pos good") + gzip("__label__neg bad"),
       {"pos: good__label__neg bad"},
       "one packed file ends and another begins"},
      {"cat of .gz files without a last line end, TSV",
       "d.tsv.gz",
       gzip("neg\tbad\npos\tgood") + gzip("neg\tbad\n"),
       {},
       "Two packed files meet on line 2"},

      // ---- quotes
      {"single quotes (SQL, Weka)",
       "d.tsv",
       "label\ttext\n'pos'\t'good'\n'neg'\t'bad'\n",
       {"'pos': 'good'", "'neg': 'bad'"},
       "stand in single quotes"},
      {"an apostrophe is no quote",
       "d.tsv",
       "label\ttext\npos\t'good'\nneg\tbad\n",
       {"pos: 'good'", "neg: bad"},
       ""},
      {"spaces between fields in quotes (R's write.table)",
       "d.txt",
       "\"label\" \"text\"\n\"1\" \"pos\" \"good\"\n",
       {},
       "--delimiter space"},

      // ---- columns
      {"a header of other names, columns by number",
       "d.csv",
       "phrase,polarity\ngood,pos\nbad,neg\nfine,pos\ndull,neg\n",
       {"polarity: phrase", "pos: good", "neg: bad", "pos: fine", "neg: dull"},
       "looks like a header",
       with("1", "2")},
      {"text first, label second, no header, few rows",
       "d.csv",
       "good room,pos\nbad room,neg\nfine room,pos\n",
       {"good room: pos", "bad room: neg", "fine room: pos"},
       "looks like the text"},
      {"the same with labels all different",
       "d.csv",
       "a good room,pos\na bad room,neg\n",
       {"a good room: pos", "a bad room: neg"},
       "looks like the text"},
      {"Jigsaw: a column of 0 and 1 for each label",
       "train.csv",
       "id,comment_text,toxic,obscene\n1,good,0,0\n2,bad,1,1\n3,odd,1.0,\n",
       {": good", "toxic|obscene: bad", "toxic: odd"},
       "",
       with("comment_text", "toxic,obscene")},
      {"Jigsaw's test_labels.csv: -1 where nobody judged",
       "test.csv",
       "text,toxic,obscene\ngood,-1,-1\n",
       {},
       "`toxic` is `-1`",
       with("text", "toxic,obscene")},
      {"title and body (Stack Overflow, AG News)",
       "d.csv",
       "class,title,body\npos,good,really\n",
       {"pos: good\treally"},
       "",
       with("title,body", "")},
      {"JSON of reviews with nested keys",
       "d.jsonl",
       "{\"review\": {\"text\": \"good\"}, \"meta\": {\"stars\": 5}}\n",
       {"5: good"},
       "",
       with("review.text", "meta.stars")},

      // ---- delimiters and quotes
      {"R: write.table(sep = \"\\t\", row.names = FALSE)", "d.tsv",
       "\"label\"\t\"text\"\n\"pos\"\t\"good\"\n\"neg\"\t\"bad\"\n", kTwo,
       "fields stand in quotes"},
      {"R: write.table(sep = \"\\t\"), with row names and `\\\"`",
       "d.tsv",
       "\"label\"\t\"text\"\n\"1\"\t\"pos\"\t\"say \\\"hi\\\"\"\n\"2\"\t\"neg\"\t\"bad\"\n",
       {"pos: say \"hi\"", "neg: bad"},
       "is its name, as R writes it"},
      {"pandas: to_csv(sep=\"\\t\")",
       "d.tsv",
       "label\ttext\npos\t\"say \"\"hi\"\"\"\nneg\t\"two\nlines\"\n",
       {"pos: say \"hi\"", "neg: two\nlines"},
       "fields stand in quotes"},
      {"TSV whose texts are quotations",
       "d.tsv",
       "label\ttext\npos\t\"Great\" film\nneg\t\"Bad\"\n",
       {"pos: \"Great\" film", "neg: \"Bad\""},
       "1 text stands in quotes"},
      {"Spark, MySQL: CSV with \\\"",
       "d.csv",
       "label,text\npos,\"say \\\"hi\\\", good\"\n",
       {"pos: say \"hi\", good"},
       "`\\` before a quote"},
      {"Excel in much of Europe: semicolons",
       "d.csv",
       "label;text\npos;good, really\n",
       {},
       "give --delimiter ';'"},
      {"the same, asked for",
       "d.csv",
       "label;text\npos;good, really\n",
       {"pos: good, really"},
       "",
       with("", "", ';')},
      {"Excel: a first line `sep=;`",
       "d.csv",
       "sep=;\r\nlabel;text\r\npos;good, really\r\n",
       {"pos: good, really"},
       ""},
      {"tabs in a .csv", "d.csv", "label\ttext\npos\tgood\n", {}, "give --delimiter tab"},
      {"bars in a .txt", "d.txt", "label|text\npos|good\n", {"pos: good"}, "", with("", "", '|')},
      {".TSV in capitals", "DATA.TSV", "pos\tgood\nneg\tbad\n", kTwo, ""},

      // ---- line ends
      {"Excel for Mac: CR ends lines", "d.csv", "label,text\rpos,good\rneg,bad\r", kTwo, ""},
      {"Python's csv on Windows without newline='': CR CR LF", "d.csv",
       "label,text\r\r\npos,good\r\r\nneg,bad\r\r\n", kTwo, ""},
      {"tweets with a CR inside",
       "d.tsv",
       "label\ttext\npos\tgo\rod\nneg\tbad\n",
       {"pos: go\rod", "neg: bad"},
       "1 line holds a carriage return"},

      // ---- encodings
      {"Excel: Unicode text (UTF-16 with mark)", "d.tsv",
       "\xFF\xFE" + utf16("label\ttext\npos\tgood\nneg\tbad\n", true), kTwo, "read as UTF-16LE"},
      {"PowerShell 5, big end first", "d.tsv",
       "\xFE\xFF" + utf16("label\ttext\npos\tgood\nneg\tbad\n", false), kTwo, "read as UTF-16BE"},
      {"SQL Server's bcp -w: UTF-16 without mark",
       "d.tsv",
       utf16("label\ttext\npos\tgood\nneg\tbad\n", true),
       {},
       "--encoding UTF-16LE"},
      {"the same, asked for", "d.tsv", utf16("label\ttext\npos\tgood\nneg\tbad\n", true), kTwo, "",
       encoded("UTF-16LE")},
      {"UTF-16 without mark, big end first",
       "d.tsv",
       utf16("label\ttext\npos\tgood\nneg\tbad\n", false),
       {},
       "--encoding UTF-16BE"},
      {"UTF-16 without mark, in Chinese",
       "d.tsv",
       "\x07\x68\x7E\x7B\t\0\x87\x65\x2C\x67\n\0\x7D\x59\t\0\x3F\x62\xF4\x95\n\0"s,
       {},
       "is UTF-16LE without a byte order mark"},
      {"UTF-32 without mark (wchar_t written by C on Linux)",
       "d.tsv",
       utf32("label\ttext\npos\tgood\n"),
       {},
       "is UTF-32LE without a byte order mark"},
      {"UTF-32 with mark", "d.tsv", "\xFF\xFE\0\0"s + utf32("label\ttext\npos\tgood\nneg\tbad\n"),
       kTwo, "read as UTF-32LE"},
      {"Chinese Windows: GB18030", "d.tsv", "a\t\xB7\xBF\xBC\xE4\n", {}, "Give --encoding"},
      {"the same, asked for",
       "d.tsv",
       "a\t\xB7\xBF\xBC\xE4\n",
       {"a: 房间"},
       "read as gb18030",
       encoded("gb18030")},

      // ---- packed and foreign files
      {"zstd (Pushshift, Common Crawl)", "d.tsv.zst", zstd("pos\tgood\nneg\tbad\n"), kTwo, ""},
      {"bzip2 (Wikipedia, Amazon polarity)", "d.txt.bz2",
       bzip2("__label__pos good\n__label__neg bad\n"), kTwo, ""},
      {"a zip from Kaggle", "d.csv", "PK\x03\x04\x14\0\0\0\x08\0"s, {}, "a zip archive"},
      {"an Excel workbook saved as data.csv",
       "d.csv",
       "PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0\xDF\xA4\xD2lZ\x01\0\0 \x05\0\0\x13\0\x08\x02"
       "[Content_Types].xml"s,
       {},
       "an office document"},
      {"xz",
       "d.tsv",
       "\xFD"
       "7zXZ\0\0\x04"s,
       {},
       "xz -d"},
      {"Parquet from the Hugging Face hub", "d.csv", "PAR1\x15\x04\x15\x10"s, {}, "read_parquet"},
      {"a Git LFS pointer in a clone without LFS",
       "d.csv",
       "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
       {},
       "git lfs pull"},
      {"a .tar.gz",
       "d.tsv.gz",
       gzip("d.tsv" + std::string(252, '\0') + "ustar  " + std::string(248, '\0')),
       {},
       "tar -xf"},
      {"a page of GitHub, saved in place of the raw file",
       "d.csv",
       "\n<!DOCTYPE html>\n<html lang=\"en\">\n",
       {},
       "is a web page"},
      {"a pickled data frame", "d.csv", "\x80\x04\x95\x1C\0\0\0"s, {}, "a Python pickle"},

      // ---- labels
      {"copied from web pages: U+200B, U+00A0, U+FEFF, U+3000 around labels",
       "d.tsv",
       "label\ttext\npos\ta\npos\u200B\tb\npos\u00A0\tc\n\uFEFFpos\td\npos\u3000\te\nneg\tf\n",
       {"pos: a", "pos: b", "pos: c", "pos: d", "pos: e", "neg: f"},
       ""},
      {"labels typed on macOS and on Linux: NFD and NFC",
       "d.tsv",
       "label\ttext\ncafe\u0301\ta\ncaf\u00E9\tb\n",
       {"cafe\u0301: a", "caf\u00E9: b"},
       "labels that look alike"},
      {"labels in two cases",
       "d.tsv",
       "label\ttext\nSpam\ta\nspam\tb\n",
       {"Spam: a", "spam: b"},
       "labels that look alike"},
      {"pandas: 1 becomes 1.0 where a value was missing",
       "d.jsonl",
       "{\"label\": 1, \"text\": \"a\"}\n{\"label\": 1.0, \"text\": \"b\"}\n"
       "{\"label\": -0.0, \"text\": \"c\"}\n{\"label\": 0, \"text\": \"d\"}\n",
       {"1: a", "1.0: b", "-0.0: c", "0: d"},
       "`-0.0`, `0`; `1`, `1.0`"},

      // ---- JSON
      {"multi-label JSON: a text without labels",
       "d.jsonl",
       "{\"text\": \"a\", \"labels\": []}\n{\"text\": \"b\", \"labels\": [\"x\", \"y\"]}\n",
       {": a", "x|y: b"},
       ""},
      {"Python's json.dumps: NaN in a key that nobody reads", "d.jsonl",
       "{\"text\": \"good\", \"label\": \"pos\", \"score\": NaN}\n"
       "{\"text\": \"bad\", \"label\": \"neg\", \"score\": -Infinity, \"n\": 1e999}\n",
       kTwo, ""},
      {"tweets cut within an emoji: half a surrogate pair",
       "d.jsonl",
       "{\"text\": \"good \\ud83d\", \"label\": \"pos\"}\n",
       {"pos: good \uFFFD"},
       "half a surrogate pair"},
      {"a broken JSON line, and why",
       "d.jsonl",
       "{\"text\": \"a\", \"label\": \"b\"}\n{\"text\": \"a\" \"label\": \"b\"}\n",
       {},
       "unexpected string literal; expected '}'"},
  };
}

TEST_CASE("odd files are read right, with a word on what is odd, or refused with a remedy") {
  for (const Odd& odd : odd_files()) {
    INFO(std::string(odd.origin));
    const TemporaryFile file(odd.name, odd.content);
    std::string said;
    Strings rows;
    try {
      const Corpus corpus = read_corpus(file.path(), odd.options);
      for (std::size_t i = 0; i < corpus.size(); ++i) {
        std::string row;
        for (const std::uint32_t label : corpus.labels(i)) {
          row += (row.empty() ? "" : "|") + corpus.label_names()[label];
        }
        rows.push_back(row + ": " + std::string(corpus.text(i)));
      }
      for (const Strings* list : {&corpus.report().notes, &corpus.report().remarks}) {
        for (const std::string& sentence : *list) said += sentence + "\n";
      }
    } catch (const Error& error) {
      said = error.what();
      CHECK(said.find(odd.name) != said.npos);
      CHECK_FALSE(error.diagnostics().front().note.empty());
    }
    CHECK(rows == odd.rows);
    INFO(said);
    const bool as_expected = said.find(odd.says) != said.npos;
    CHECK(as_expected);
    const bool silent = *odd.says == '\0' && odd.options.encoding.empty();
    if (silent) CHECK(said.empty());
  }
}

class Folder {
 public:
  void put(const std::string& name, std::string_view content) const {
    const std::filesystem::path path = std::filesystem::path(this->path()) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
  }
  std::string path() const { return anchor_.directory() + "/data"; }

 private:
  TemporaryFile anchor_{"anchor", ""};
};

std::string described(const Corpus& corpus) {
  std::string all;
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    all += corpus.label_names()[corpus.labels(i).front()] + ":" + std::string(corpus.text(i)) + ";";
  }
  return all;
}

TEST_CASE("several files are one corpus, each by its own header") {
  const TemporaryFile a("a.csv", "text,label\ngood,pos\n"), b("b.tsv", "neg\tbad\n");
  const Strings names = {a.path(), b.path()};
  const Corpus corpus = read_corpus(names);
  CHECK(described(corpus) == "pos:good;neg:bad;");
  CHECK(corpus.report().examples == 2);
  const Strings twice = {a.path(), a.path()};
  CHECK_THROWS_WITH_AS(read_corpus(twice), doctest::Contains("is given twice"), Error);
}

TEST_CASE("a folder is parts, or a folder or a file for each class") {
  const Folder parts;
  parts.put("b.csv", "label,text\nneg,bad\n");
  parts.put("a.csv.gz", gzip("label,text\npos,good\n"));
  parts.put(".DS_Store", "\0\0");
  CHECK(described(read_corpus(parts.path())) == "pos:good;neg:bad;");

  const Folder newsgroups;  // 20 newsgroups, aclImdb, THUCNews
  newsgroups.put("sci.space/60804", "From: a\n\nThe moon\n");
  newsgroups.put("alt.atheism/49960", "Of gods");
  newsgroups.put("README", "what this is");
  const Corpus posts = read_corpus(newsgroups.path());
  CHECK(described(posts) == "alt.atheism:Of gods;sci.space:From: a\n\nThe moon;");
  CHECK(posts.report().notes.front().find("a folder for each class") != std::string::npos);
  CHECK(posts.report().remarks.front().find("not read: README") != std::string::npos);

  newsgroups.put("sci.space/60805", "caf\xE9");
  CHECK(read_corpus(newsgroups.path()).report().remarks.back().find("1 of 3 texts is not valid") !=
        std::string::npos);
  newsgroups.put("sci.space/60806", "caf\xE9");
  newsgroups.put("sci.space/60807", "caf\xE9");
  CHECK_THROWS_WITH_AS(read_corpus(newsgroups.path()), doctest::Contains("--encoding"), Error);

  const Folder lines;
  lines.put("pos.txt", "good\n\nfine\n");
  lines.put("neg.txt", "bad\n");
  CHECK(described(read_corpus(lines.path())) == "neg:bad;pos:good;pos:fine;");
  const Folder polarity;  // Pang and Lee's sentences
  polarity.put("rt-polarity.pos", "good\n");
  polarity.put("rt-polarity.neg", "bad\n");
  CHECK(described(read_corpus(polarity.path())) == "neg:bad;pos:good;");
  const Folder fasttext;
  fasttext.put("train.txt", "__label__pos good\n");
  CHECK(described(read_corpus(fasttext.path())) == "pos:good;");

  lines.put("all.csv", "label,text\npos,good\n");
  CHECK_THROWS_WITH_AS(read_corpus(lines.path()), doctest::Contains("cannot tell how to read"),
                       Error);
  const Folder empty;
  empty.put("class/.hidden", "");
  CHECK_THROWS_WITH_AS(read_corpus(empty.path()), doctest::Contains("hold no files"), Error);
}

TEST_CASE("ids are named by a file of labels") {
  const TemporaryFile names("classes.txt", "World\nSports\nBusiness\n");
  const auto read = [&](std::string_view content, const TemporaryFile& file) {
    ReadOptions options;
    options.label_names = file.path();
    return described(read_corpus(TemporaryFile("d.csv", content).path(), options));
  };
  CHECK(read("label,text\n3,a\n1,b\n", names) == "Business:a;World:b;");  // AG News: from 1
  CHECK(read("label,text\n0,a\n1,b\n", names) == "World:a;Sports:b;");
  CHECK_THROWS_WITH_AS(read("label,text\n1,a\n2,b\n", names), doctest::Contains("label 0 or 1"),
                       Error);
  CHECK_THROWS_WITH_AS(read("label,text\n0,a\n3,b\n", names), doctest::Contains("no name for"),
                       Error);
  CHECK_THROWS_WITH_AS(read("label,text\nx,a\n0,b\n", names), doctest::Contains("no name for"),
                       Error);
  const TemporaryFile ids("labels.tsv", "10\tten\n20\ttwenty\n");
  CHECK(read("label,text\n20,a\n10,b\n", ids) == "twenty:a;ten:b;");
  CHECK_THROWS_WITH_AS(read("label,text\n30,a\n", ids), doctest::Contains("no name for"), Error);
  const TemporaryFile twice("twice.txt", "a\na\n");
  CHECK_THROWS_WITH_AS(read("label,text\n0,a\n", twice), doctest::Contains("there twice"), Error);
}

TEST_CASE("flags that a format has no use for are refused") {
  ReadOptions options;
  options.delimiter = ';';
  const TemporaryFile file("d.jsonl", "{\"label\": 1, \"text\": \"a\"}\n");
  CHECK_THROWS_WITH_AS(read_corpus(file.path(), options), doctest::Contains("--delimiter is for"),
                       Error);
}

}  // namespace
}  // namespace weft
