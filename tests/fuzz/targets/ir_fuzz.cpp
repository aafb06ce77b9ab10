// IR text: refused, or a graph whose text reads back to the same text.
#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "tests/fuzz/targets/harness.h"

void weft::fuzz::fuzz(std::string_view input) {
  for (const Graph& graph : parse(input)) {
    verify(graph);
    const std::string text = print(graph);
    WEFT_CHECK(print(parse_one(text)) == text);
  }
}
