// Word vectors: every format written here byte by byte, fastText's against its own program; files
// cut at every byte and changed at every byte; and plans whose embeddings begin with them.
#include "frontend/vectors/vectors_file.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "frontend/train/build_plan.h"
#include "frontend/train/plan_forms.h"
#include "frontend/vectors/initial_vectors.h"
#include "ir/diagnostic.h"
#include "runtime/session.h"
#include "tests/support/small_model.h"
#include "tests/support/source_folder.h"
#include "tests/support/temporary_file.h"

namespace weft {
namespace {

using Row = std::vector<float>;
using Rows = std::vector<std::pair<std::string, Row>>;

const Rows kRows = {{"the", {0.5F, -1.25F, 3e-3F}},
                    {"Paris", {1, 2, 3}},
                    {"caf\xC3\xA9", {4, 5, 6}},
                    {"\xE5\x8C\x97\xE4\xBA\xAC", {-7, 8.5F, 9}}};

std::string text(const Rows& rows, std::string_view line_end = "\n") {
  std::string out;
  for (const auto& [word, row] : rows) {
    out += word;
    for (const float x : row) out += fmt::format(" {}", x);
    out += line_end;
  }
  return out;
}

std::string header(const Rows& rows) {
  return fmt::format("{} {}\n", rows.size(), rows.front().second.size());
}

std::string binary(const Rows& rows, std::string_view row_end) {
  std::string out = header(rows);
  for (const auto& [word, row] : rows) {
    out += word + ' ';
    out.append(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float));
    out += row_end;
  }
  return out;
}

std::string golden_fasttext() {
  std::ifstream in(test::source_folder() / "tests/vectors/fasttext.bin", std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

WordList word_list(const std::vector<std::string>& words) {
  WordList list;
  list.add(kUnknownWordSpelling);
  for (const std::string& word : words) list.add(word);
  return list;
}

const TextSettings kCased{"words", false, true};
const TextSettings kLowered{"words", true, true};

struct Loaded {
  std::string format;
  WordVectors vectors;

  std::optional<Row> operator[](std::string_view word) {
    for (std::uint32_t id = 0; id < vectors.size(); ++id) {
      if (vectors.words()[id] != word) continue;
      if (vectors.match(id) == WordMatch::none) return std::nullopt;
      const auto row = vectors.row(id);
      return Row(row.begin(), row.end());
    }
    return std::nullopt;
  }
};

Loaded load(const std::string& content, const std::vector<std::string>& words,
            std::size_t max_added = 0, const TextSettings& tokenizer = kCased) {
  const TemporaryFile file("some.vectors", content);
  VectorsFile vectors(file.path());
  Loaded loaded{std::string(vectors.format()),
                WordVectors(word_list(words), {}, tokenizer, max_added, vectors.width())};
  vectors.read(loaded.vectors);
  return loaded;
}

// Of a file named some.vectors, without its folder.
std::string message(const std::string& content, const std::vector<std::string>& words = {"the"}) {
  try {
    load(content, words);
  } catch (const Error& e) {
    const std::string what = e.what();
    const std::size_t name = what.find("some.vectors");
    return name == std::string::npos ? what : what.substr(name);
  }
  return "no error";
}

bool says(const std::string& content, std::string_view part) {
  const std::string said = message(content);
  const bool found = said.find(part) != std::string::npos;
  if (!found) MESSAGE(said);
  return found;
}

TEST_CASE("vectors: every format gives the same rows, plain or packed, whatever its name") {
  const std::string bom = "\xEF\xBB\xBF";
  const std::vector<std::pair<std::string, std::string>> files = {
      {"GloVe text", text(kRows)},
      {"GloVe text", text(kRows, "\r\n")},
      {"GloVe text", text(kRows, "\r")},
      {"GloVe text", bom + text(kRows, " \n")},
      {"GloVe text", text(kRows).substr(0, text(kRows).size() - 1)},
      {"text", header(kRows) + text(kRows)},
      {"text", header(kRows) + text(kRows, " \n")},
      {"word2vec binary", binary(kRows, "\n")},
      {"word2vec binary", binary(kRows, "")},
  };
  for (const auto& [format, content] : files) {
    for (const std::string& stored : {content, gzip(content), bzip2(content), zstd(content)}) {
      Loaded loaded = load(stored, {"the", "caf\xC3\xA9", "Paris", "absent"});
      CHECK(loaded.format == format);
      for (const auto& one : kRows) {
        const auto& word = one.first;
        const auto& row = one.second;
        CAPTURE(word);
        CHECK(loaded[word] == (word.starts_with('\xE5') ? std::nullopt : std::optional(row)));
      }
      CHECK(loaded["absent"] == std::nullopt);
      CHECK(loaded.vectors.size() == 5);
    }
  }
}

// Made by fastText 0.9.2: skipgram -dim 3 -bucket 20 -minn 2 -maxn 3 -minCount 1. The numbers are
// of its `print-word-vectors`, which composes unknown words of letter groups.
TEST_CASE("vectors: a fastText model gives what fastText prints") {
  const Rows printed = {{"the", {0.15708F, 0.87983F, 0.045129F}},
                        {"cat", {-0.48967F, 1.2184F, 1.2346F}},
                        {"Caf\xC3\xA9", {-1.5257F, 0.73707F, -1.2663F}},
                        {"\xE5\x8C\x97\xE4\xBA\xAC", {-3.5671F, 0.67331F, -1.739F}},
                        {"dogs", {-1.0073F, 1.1019F, 0.75525F}},
                        {"catsat", {-0.79433F, 1.5942F, 1.5751F}},
                        {"x", {-2.6642F, 0.65954F, -2.0785F}}};
  std::vector<std::string> words;
  for (const auto& [word, row] : printed) words.push_back(word);
  for (const std::string& stored : {golden_fasttext(), gzip(golden_fasttext())}) {
    Loaded loaded = load(stored, words);
    CHECK(loaded.format == "fastText model");
    for (const auto& one : printed) {
      const auto& word = one.first;
      const auto& row = one.second;
      CAPTURE(word);
      const std::optional<Row> read = loaded[word];
      REQUIRE(read);
      for (std::size_t i = 0; i < 3; ++i) {
        CHECK((*read)[i] == doctest::Approx(row[i]).epsilon(1e-4));
      }
    }
    CHECK(loaded.vectors.match(1) == WordMatch::exact);
    CHECK(loaded.vectors.match(5) == WordMatch::composed);
    CHECK(loaded.vectors.match(0) == WordMatch::none);
  }
  // In another case it is the word's own vector, not one composed.
  Loaded cased = load(golden_fasttext(), {"caf\xC3\xA9", "The"}, 3, kLowered);
  CHECK(cased.vectors.match(1) == WordMatch::other_case);
  CHECK(cased.vectors.match(2) == WordMatch::lower_case);
  CHECK((*cased["caf\xC3\xA9"])[0] == doctest::Approx(-1.5257).epsilon(1e-4));
  CHECK(cased.vectors.words()[3] == "the");
  CHECK(cased.vectors.words()[4] == "cat");
  CHECK(cased.vectors.words()[5] == "sat");
  CHECK(cased.vectors.size() == 6);
}

TEST_CASE("vectors: the exact word counts first, then lower case, then the first in another") {
  const Rows rows = {{"The", {1}},  {"THE", {2}}, {"the", {3}},  {"NATO", {4}},
                     {"Nato", {5}}, {"US", {6}},  {"the", {99}}, {"\xC3\x89t\xC3\xA9", {7}}};
  Loaded cased = load(text(rows), {"The", "tHE", "the", "nato", "Us", "us"});
  CHECK(cased["The"] == Row{1});
  CHECK(cased["tHE"] == Row{3});
  CHECK(cased["the"] == Row{3});
  CHECK(cased["nato"] == Row{4});
  CHECK(cased["Us"] == Row{6});
  CHECK(cased["us"] == Row{6});
  Loaded lowered = load(text(rows), {"the", "\xC3\xA9t\xC3\xA9"}, 0, kLowered);
  CHECK(lowered["the"] == Row{3});
  CHECK(lowered["\xC3\xA9t\xC3\xA9"] == Row{7});
}

TEST_CASE(
    "vectors: words are added that the tokenizer can produce, in order, as far as there is "
    "room") {
  const Rows rows = {{"film", {1}}, {"</s>", {2}},    {"New_York!", {3}}, {"Rome", {4}},
                     {"a b", {5}},  {"rome", {6}},    {"\xFF\xFE", {7}},  {"!", {8}},
                     {"film", {9}}, {"Berlin", {10}}, {"oslo", {11}}};
  Loaded loaded = load(text(rows), {"film"}, 3, kLowered);
  REQUIRE(loaded.vectors.size() == 5);
  CHECK(loaded.vectors.words()[2] == "rome");
  CHECK(loaded.vectors.words()[3] == "!");
  CHECK(loaded.vectors.words()[4] == "berlin");
  CHECK(loaded["film"] == Row{1});
  CHECK(loaded["rome"] == Row{6});
  CHECK(loaded["berlin"] == Row{10});
  CHECK(loaded.vectors.coverage().added == 3);
  Loaded cased = load(text(rows), {"film"}, 3);
  CHECK(cased.vectors.words()[2] == "Rome");
  CHECK(cased.vectors.words()[3] == "rome");
}

TEST_CASE("vectors: words with spaces, as GloVe 840B has them, are no errors") {
  const std::string content = "the 0.1 0.2\n. . . 1 2\nat name@domain.com 3 4\n. 5 6\nat 7 8\n";
  Loaded loaded = load(content, {"the", ".", "at", "name@domain.com"});
  CHECK(loaded["."] == Row{5, 6});
  CHECK(loaded["at"] == Row{7, 8});
  CHECK(loaded["name@domain.com"] == std::nullopt);
  Loaded first = load(". . . 1 2\nthe +0.5 1e-60\n", {"the"});
  CHECK(first["the"] == Row{0.5F, 0});
}

TEST_CASE("vectors: what is wrong with a file is said with its place") {
  CHECK(says("", "some.vectors: the file is empty"));
  CHECK(says("hello world\n", "line 1 is not a word with its numbers"));
  CHECK(says("a 1 2\nthe 1 2 3\n",
             "some.vectors:2: `the` has 3 numbers, but the vectors of this "
             "file have 2"));
  CHECK(says("a 1 2\nthe 1\n", "some.vectors:2: `the` has 1 numbers"));
  CHECK(says("a 1 2\nthe 1 x\n", "some.vectors:2: number 2 of `the` is `x`"));
  CHECK(says("a 1 2\nthe nan 1\n", "some.vectors:2: number 1 of `the` is `nan`"));
  CHECK(says("a 1 2\nthe 1 -inf\n", "vectors must be finite"));
  CHECK(says("a 1 2\nthe 1 1e60\n", "number 2 of `the` is `1e60`"));
  CHECK(says("a 1 2\nb 1", "some.vectors:2: `b` has 1 numbers"));  // unwanted, but cut
  CHECK(says("3 2\nthe 1 2\nb 1 2",
             "some.vectors:3: the file ends after 2 words, but line 1 "
             "announces 3"));
  CHECK(says("5 0\nthe 1 2\n", "announces vectors of 0 numbers"));
  CHECK(says("5 99999999999\nthe 1 2\n", "announces vectors of 99999999999 numbers"));
  CHECK(says("5 3\n", "the file ends after 0 words"));
  CHECK(says("5 3", "the file ends after 0 words"));
  CHECK(says("PK\x03\x04 whatever this is", "Unzip it"));
  CHECK(says("the " + std::string(3000000, '1'), "its first line does not end"));
  CHECK(says("a 1 2\nthe " + std::string(3000000, '1'), "some.vectors:2: the line is longer"));

  const std::string whole = binary(kRows, "\n");
  CHECK(says(whole.substr(0, whole.size() - 3), "the file ends in word 4 of 4"));
  CHECK(says(whole + "more", "announces 4 words, but at byte"));
  CHECK(says("9000000000000000000" + whole.substr(1), "the file ends in word 5 of 9000000000000"));
  CHECK(says(binary({{"a", {1, 2}}, {"the", {NAN, 1}}}, "\n"), "number 1 of `the` is nan"));
  CHECK(says("2 2\na \x01\x02\x03\x04\x05\x06\x07\x08" + std::string(70000, 'x'),
             "word 2 of 2, at byte 14, does not end"));
}

TEST_CASE("vectors: a wrong count on line 1 loses no word") {
  for (const std::string count : {"1", "3", "900"}) {
    CAPTURE(count);
    const TemporaryFile file("some.vectors", count + " 2\na 1 2\nthe 3 4\n");
    VectorsFile vectors(file.path());
    WordVectors words(word_list({"the"}), {}, kCased, 0, vectors.width());
    vectors.read(words);
    CHECK(words.match(1) == WordMatch::exact);
    CHECK(vectors.remark() == fmt::format("line 1 announces {} words, but the file has 2", count));
  }
  // Not a count, but a word: its vector has one number, as all have.
  Loaded loaded = load("1999 7\nthe 5\nof 0.5\n", {"1999", "the"});
  CHECK(loaded.format == "GloVe text");
  CHECK(loaded["1999"] == Row{7});
  CHECK(loaded["the"] == Row{5});
  // A header above a line that lacks numbers stays a header.
  CHECK(says("2 3\nthe 5\nof 1 2 3\n", "`the` has 1 numbers"));
}

TEST_CASE("vectors: words that are not UTF-8 are counted") {
  const Loaded loaded = load("the 1 2\ncaf\xE9 1 2\n\xFF\xFE 3 4\n", {"the"}, 10);
  CHECK(loaded.vectors.coverage().broken == 2);
  CHECK(loaded.vectors.size() == 2);
}

TEST_CASE("vectors: a fastText model that is damaged or quantised is refused") {
  const std::string whole = golden_fasttext();
  const auto with = [&](std::size_t at, std::int32_t value) {
    std::string changed = whole;
    std::memcpy(changed.data() + at, &value, sizeof value);
    return changed;
  };
  CHECK(says(with(4, 99), "is of version 99"));
  CHECK(says(with(8, 0), "says width 0"));
  CHECK(says(with(8, 1 << 30), "says width 1073741824"));
  CHECK(says(with(48, 2000000000), "letter groups of 2 to 2000000000"));
  CHECK(says(with(64, 2000000000), "2000000000 entries, 13 words"));
  CHECK(says(with(40, 3), "the matrix says 33 rows of 3"));
  CHECK(says(whole.substr(8), "form of 2016"));  // it had no magic number and no version
  std::string quantised = whole;
  quantised[267] = 1;
  CHECK(says(quantised, "quantised"));
  CHECK(says(whole.substr(0, 50), "ends in its first 64 bytes"));
  CHECK(says(whole.substr(0, 100), "at byte"));
}

TEST_CASE("vectors: cut or changed at any byte, a file is read or refused, never worse") {
  const std::vector<std::string> files = {text(kRows), header(kRows) + text(kRows),
                                          binary(kRows, "\n"), golden_fasttext(),
                                          gzip(text(kRows))};
  const std::vector<std::string> words = {"the", "paris", "caf\xC3\xA9", "dogs"};
  for (const std::string& whole : files) {
    for (std::size_t cut = 0; cut < whole.size(); ++cut) message(whole.substr(0, cut), words);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const char c : {'\0', '\n', ' ', '9', '\x7F', '\xFF'}) {
        std::string changed = whole;
        changed[at] = c;
        message(changed, words);
      }
    }
  }
  // A file with an announced number of words never passes when cut inside its last word.
  const std::string cut = binary(kRows, "");
  for (std::size_t bytes = 0; bytes < cut.size(); ++bytes) {
    CHECK(message(cut.substr(0, bytes)) != "no error");
  }
}

TEST_CASE("vectors: words that are not found get the mean and variance of those that are") {
  Rows rows;
  for (int i = 0; i < 1000; ++i) {
    rows.push_back({fmt::format("w{}", i),
                    {static_cast<float>(5 + i % 11), static_cast<float>(0.01 * (i % 7))}});
  }
  std::vector<std::string> words;
  for (int i = 0; i < 4000; ++i) words.push_back(fmt::format("w{}", i));
  Loaded loaded = load(text(rows), words);
  const auto fill = [&](std::uint64_t seed, std::string_view name) {
    std::vector<float> table(2 * 4001);
    loaded.vectors.fill(seed, name, table);
    return table;
  };
  const std::vector<float> table = fill(1, "x.weight");
  CHECK(table == fill(1, "x.weight"));
  CHECK(table != fill(2, "x.weight"));
  CHECK(table != fill(1, "y.weight"));
  CHECK(table[2] == 5);  // w0
  for (std::size_t column = 0; column < 2; ++column) {
    double mean[2] = {};
    double square[2] = {};  // of the found, of the drawn
    for (std::size_t id = 1; id < 4001; ++id) {
      const double x = table[2 * id + column];
      const std::size_t drawn = id > 1000 ? 1 : 0;
      mean[drawn] += x / (drawn == 0 ? 1000 : 3000);
      square[drawn] += x * x / (drawn == 0 ? 1000 : 3000);
    }
    CHECK(table[column] == doctest::Approx(mean[0]));  // <unk>
    CHECK(mean[1] == doctest::Approx(mean[0]).epsilon(0.03));
    const double deviation = std::sqrt(square[0] - mean[0] * mean[0]);
    CHECK(std::sqrt(square[1] - mean[1] * mean[1]) == doctest::Approx(deviation).epsilon(0.03));
  }
}

// ---- In plans

constexpr std::string_view kTwoChannels =
    "model two\n"
    "text   tokenizer=whitespace max_tokens=12 vocabulary=40\n"
    "fixed  = embedding(text, static)\n"
    "tuned  = embedding(text, width=3)\n"
    "random = embedding(text, width=3, vectors=none)\n"
    "narrow = embedding(text, width=2)\n"
    "h      = concat(fixed, tuned, random, narrow) | conv1d(channels=4, kernel=2) | max_pool\n"
    "output softmax(h | linear(labels))\n"
    "train  adam(rate=0.01) batch=8 epochs=3\n";

std::string small_vectors() {
  Rows rows = {{"hot", {1, 2, 3}}, {"COLD", {4, 5, 6}}};
  for (int i = 0; i < 15; ++i) rows.push_back({fmt::format("w{}", i), {0.1F, 0.2F, 0.3F}});
  for (int i = 0; i < 30; ++i) rows.push_back({fmt::format("new{}", i), {7, 8, 9}});
  return text(rows);
}

std::span<const float> numbers(const Plan& plan, std::string_view tensor) {
  const PlanTensor* found = plan.tensor(tensor);
  REQUIRE(found != nullptr);
  return {reinterpret_cast<const float*>(found->bytes.data()), found->bytes.size() / 4};
}

std::int64_t id_of(const Plan& plan, std::string_view word) {
  std::uint32_t begin = 0;
  for (std::size_t i = 0; i < plan.vocabulary.ends.size(); ++i) {
    const std::uint32_t end = plan.vocabulary.ends[i];
    if (plan.vocabulary.words.substr(begin, end - begin) == word) {
      return static_cast<std::int64_t>(i);
    }
    begin = end;
  }
  return -1;
}

Row row_of(const Plan& plan, std::string_view tensor, std::string_view word, std::size_t width) {
  const auto all = numbers(plan, tensor);
  const auto row = all.subspan(static_cast<std::size_t>(id_of(plan, word)) * width, width);
  return {row.begin(), row.end()};
}

Plan plan_with(std::string_view description, const std::string& file,
               std::vector<std::string> set = {}, const std::string& model_file = "m.model") {
  return build_plan(parse_description(description, model_file), Overrides(set),
                    test::small_corpus(), {}, {{file, {}}});
}

TEST_CASE("vectors: fill the embeddings of their width; the static one stays as it was") {
  const TemporaryFile file("v.txt", small_vectors());
  const Plan plan = plan_with(kTwoChannels, file.path());
  CHECK(plan.vocabulary.ends.size() == 40);
  CHECK(id_of(plan, "new0") > 0);
  CHECK(id_of(plan, "new29") == -1);
  CHECK(row_of(plan, "fixed.embedding.weight", "hot", 3) == Row{1, 2, 3});
  CHECK(row_of(plan, "tuned.embedding.weight", "cold", 3) == Row{4, 5, 6});
  CHECK(row_of(plan, "tuned.embedding.weight", "new0", 3) == Row{7, 8, 9});
  CHECK(row_of(plan, "random.embedding.weight", "hot", 3) != Row{1, 2, 3});
  CHECK(std::abs(numbers(plan, "narrow.embedding.weight")[3]) <= 0.25F);
  REQUIRE(!plan.notes.empty());
  const PlanNote& note = plan.notes.back();
  CHECK(note.program.empty());
  CHECK(
      note.text.starts_with("fixed.embedding, tuned.embedding: v.txt (GloVe text, 3 numbers) "
                            "has 17 of the data's 22 words"));
  CHECK(plan.settings.find(file.directory()) == std::string::npos);
  CHECK(encode_plan(plan) == encode_plan(plan_with(kTwoChannels, file.path())));

  Session session(plan, {1, /*train=*/true});
  const Encoder& encoder = session.encoder();
  const Dataset data = encode(test::small_corpus(), encoder, session.labels());
  Batches batches(data, 8, session.train_capacity(), 1);
  batches.start(1);
  while (batches.next()) session.train_step(batches.texts(), batches.labels(), 0.01);
  const Plan trained = session.snapshot();
  CHECK(std::ranges::equal(numbers(trained, "fixed.embedding.weight"),
                           numbers(plan, "fixed.embedding.weight")));
  CHECK(row_of(trained, "tuned.embedding.weight", "hot", 3) != Row{1, 2, 3});
  CHECK(row_of(trained, "tuned.embedding.weight", "new0", 3) == Row{7, 8, 9});

  // Compiled again where the file is not to be had.
  CHECK_NOTHROW(recompile_predict(plan, {}));
}

TEST_CASE("vectors: named in the description, beside it, or by --set") {
  const TemporaryFile file("v.txt", small_vectors());
  const std::string model = file.directory() + "/m.model";
  const std::string begin = "model m\ntext tokenizer=whitespace added_words=2\n";
  const std::string end = "\noutput softmax(x | max_pool | linear(labels))\n";
  const auto build = [&](const std::string& embedding, std::vector<std::string> set = {}) {
    return plan_with(begin + "x = " + embedding + end, "", std::move(set), model);
  };
  CHECK(row_of(build("embedding(text, vectors=\"v.txt\")"), "x.embedding.weight", "hot", 3) ==
        Row{1, 2, 3});
  CHECK(build("embedding(text, vectors=\"v.txt\")").vocabulary.ends.size() == 25);
  const Plan plan = build("embedding(text, width=3)", {"x.vectors=" + file.path()});
  CHECK(row_of(plan, "x.embedding.weight", "new1", 3) == Row{7, 8, 9});
  CHECK(plan.settings.find(file.directory()) == std::string::npos);
  CHECK_NOTHROW(recompile_predict(plan, {}));

  const auto message_of = [&](const auto& make) -> std::string {
    try {
      make();
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  };
  const auto holds = [](const std::string& said, std::string_view part) {
    return said.find(part) != std::string::npos;
  };
  std::string said =
      message_of([&] { build("embedding(text, width=4, static, vectors=\"v.txt\")"); });
  CHECK(holds(said,
              "m.model:3:5: error: embedding: the vectors of v.txt have 3 numbers, but the "
              "width is 4"));
  CHECK(holds(said, "--set x.embedding.width=3"));
  said = message_of([&] { build("embedding(text, vectors=\"nosuch.txt\")"); });
  CHECK(holds(said, "m.model:3:5: error: embedding: cannot open nosuch.txt"));
  CHECK(holds(message_of([&] { build("embedding(text)"); }), "embedding: width is missing"));
  said = message_of([&] { plan_with(test::kSmallModel, file.path()); });
  CHECK(holds(said, "its vectors have 3 numbers, but x.embedding has 8"));
  CHECK(holds(said, "--set embedding.width=3"));
  const TemporaryFile foreign("f.txt", "fremd 1 2 3\n");
  said = message_of([&] { plan_with(kTwoChannels, foreign.path()); });
  CHECK(holds(said, "has none of the 22 words of the data"));
}

}  // namespace
}  // namespace weft
