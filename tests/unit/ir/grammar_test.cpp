// ir/GRAMMAR.md beside the parser: its examples parse and print back, its words and signs are those
// that the parser reads.
#include <doctest/doctest.h>

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "ir/file.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "ir/type.h"
#include "ir/verify.h"
#include "tests/support/source_folder.h"

namespace weft {
namespace {

std::string source(const std::string& path) {
  return read_text_file((test::source_folder() / path).string());
}

struct Block {
  std::string heading;  // what stands behind ```
  std::string text;
};

std::vector<Block> blocks() {
  std::vector<Block> all;
  std::istringstream page(source("ir/GRAMMAR.md"));
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) all.push_back({line.substr(3), {}});
    } else if (inside) {
      all.back().text += line + '\n';
    }
  }
  REQUIRE(!inside);
  return all;
}

std::string grammar() {
  std::string text;
  for (const Block& block : blocks()) {
    if (block.heading == "ebnf") text += block.text;
  }
  return text;
}

std::set<std::string> matches(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (auto at = std::sregex_iterator(text.begin(), text.end(), regex);
       at != std::sregex_iterator(); ++at) {
    found.insert((*at)[1]);
  }
  return found;
}

TEST_CASE("the examples of the page are valid, and are printed as programs that parse") {
  int programs = 0, errors = 0;
  for (const Block& block : blocks()) {
    CAPTURE(block.text);
    if (block.heading == "ir") {
      const Graph graph = parse_one(block.text);
      verify(graph);
      CHECK(print(parse_one(print(graph))) == print(graph));
      ++programs;
    } else if (block.heading.starts_with("ir-error ")) {
      const std::string rest = block.heading.substr(9);
      const std::string place = rest.substr(0, rest.find(' '));
      std::string message;
      try {
        verify(parse_one(block.text, "page"));
      } catch (const Error& error) {
        message = error.what();
      }
      CHECK(message.find("page:" + place + ": error: " + rest.substr(place.size() + 1)) !=
            std::string::npos);
      CAPTURE(message);
      ++errors;
    }
  }
  CHECK(programs == 3);
  CHECK(errors == 2);
}

TEST_CASE("the words and signs of the grammar are those that the parser reads") {
  const std::set<std::string> written = matches(grammar(), "\"([^\"]+)\"");
  const std::string parser = source("ir/parse.cpp") + source("ir/token_reader.cpp");
  std::set<std::string> read = matches(parser, R"re((?:accept|expect|is|is_word)\("([^"]+)"\))re");
  const std::set<std::string> numbers = matches(parser, R"re(token\.text == "(inf|nan)")re");
  read.insert(numbers.begin(), numbers.end());
  CHECK(read.contains("program"));
  for (const std::string& word : read) {
    CHECK_MESSAGE(written.contains(word), word, " is read, but is not in ir/GRAMMAR.md");
  }
  for (const std::string& word : written) {
    CHECK_MESSAGE((read.contains(word) || word == "nan"), word,
                  " is in ir/GRAMMAR.md, but not read");
  }
}

TEST_CASE("every name of the grammar is a production or a token of its table") {
  std::string rules = std::regex_replace(grammar(), std::regex("\"[^\"]+\""), "");
  const std::set<std::string> used = matches(rules, "([a-z][a-z-]*)");
  std::set<std::string> defined = matches(rules, "([a-z][a-z-]*) *=");
  const std::string page = source("ir/GRAMMAR.md");
  const std::set<std::string> tokens = matches(page, R"re(\| `([a-z-]+)` \|)re");
  defined.insert(tokens.begin(), tokens.end());
  CHECK(defined.size() > 15);
  for (const std::string& name : used) {
    CHECK_MESSAGE(defined.contains(name), name, " is nowhere defined");
  }
  for (const char* element : {"f32", "i32", "i16", "i8"}) {
    CHECK(find_dtype(element));
    CHECK(page.find(std::string("`") + element + "`") != std::string::npos);
  }
}

// Sentences that use each alternative of each production.
TEST_CASE("what the grammar allows is read, and what it does not is refused") {
  const auto program = [](const std::string& body) {
    return "program @p {\n symbol B <= 4\n input %x : f32[B, 2]\n" + body + "}\n";
  };
  CHECK(parse("").empty());
  CHECK(parse("program @p { } program @q a=1 b=[] c=[1, 2] d=[1, 2.5] e=\"x\" f=inf g=nan { }")
            .size() == 2);
  for (const std::string body :
       {"derived T.v <= 3\n", "param %w : f32[]\n", "state %s : i16[3, B+2] init=\"zeros\"\n",
        "%y = relu(%x)\n return %x, %y\n", "%y = constant() shape=[2] value=[1.0]\n",
        "%y = relu(%x) : f32[B, 2] at 1:2\n", "param %w : f32[2]\n write %w <- %w\n"}) {
    CAPTURE(body);
    CHECK(parse(program(body)).size() == 1);
  }
  for (const std::string body : {"symbol C\n",
                                 "symbol C <= B\n",
                                 "param w : f32[]\n",
                                 "param %w f32[]\n",
                                 "param %w : [2]\n",
                                 "param %w : f32(2)\n",
                                 "param %w : f32[2,]\n",
                                 "param %w : f32[1+B]\n",
                                 "%y relu(%x)\n",
                                 "%y = relu %x\n",
                                 "%y = relu(%x,)\n",
                                 "%y = relu(%x) at 3\n",
                                 "%y = relu(%x) : f32\n",
                                 "%y = relu(%x) in arena\n",
                                 "write %x = %x\n",
                                 "return\n",
                                 "return x\n",

                                 "%y = constant() shape=(2)\n",
                                 "%y = constant() shape=[2\n",
                                 "relu(%x)\n"}) {
    CAPTURE(body);
    CHECK_THROWS_AS(parse(program(body)), Error);
  }
  for (const std::string text : {"program { }", "program p { }", "@p { }", "program @p }",
                                 "program @p {", "program @p { } arena", "program @p { } 3"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse(text), Error);
  }
}

}  // namespace
}  // namespace weft
