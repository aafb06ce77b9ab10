// The data sets that development uses, where they are at hand: read as their description says.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "frontend/data/corpus.h"
#include "tests/support/source_folder.h"

namespace weft {
namespace {

TEST_CASE("corpus: the development data reads as its description says") {
  const std::filesystem::path data = test::source_folder() / "../shared/data";
  if (!std::filesystem::exists(data / "README.md")) {
    MESSAGE("skipped: there is no development data: these data sets belong in ../shared/data");
    return;
  }
  const auto check = [&](const char* name, std::size_t rows, std::size_t classes) {
    const Corpus corpus = read_corpus((data / name).string());
    CHECK(corpus.size() == rows);
    CHECK(corpus.label_names().size() == classes);
  };
  check("mr/all.tsv", 10662, 2);
  check("trec/train.tsv", 5452, 6);
  check("thucnews_titles/test.tsv", 10000, 10);
  check("hotel_reviews_zh.csv", 7766, 2);
}

}  // namespace
}  // namespace weft
