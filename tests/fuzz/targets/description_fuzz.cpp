// A model description: refused, or lowered to a graph that obeys every rule.
#include "frontend/description/description.h"

#include "frontend/description/lower.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "tests/fuzz/targets/harness.h"

void weft::fuzz::fuzz(std::string_view input) {
  const Description description = parse_description(input);
  const Overrides overrides;
  const DescriptionSettings settings = settings_of(description, overrides);
  const Lowered lowered = lower(description, settings, {.labels = 2}, overrides);
  const Graph graph = sized(lowered.graph, batch_sizes(20, 4, 50, settings.text));
  verify(graph);
  const std::string text = print(graph);
  WEFT_CHECK(print(parse_one(text)) == text);
}
