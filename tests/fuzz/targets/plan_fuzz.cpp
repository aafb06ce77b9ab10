// A plan file behind right checksums: refused, or as good as any plan.
#include "ir/plan/plan.h"

#include "ir/print.h"
#include "tests/fuzz/targets/harness.h"

void weft::fuzz::fuzz(std::string_view input) {
  const std::string file = mended_plan(input);
  const Plan plan = decode_plan(std::as_bytes(std::span(file)));
  check_plan(plan);
  for (const Graph& graph : plan.programs) print(graph);
  const std::vector<std::byte> again = encode_plan(plan);
  WEFT_CHECK(encode_plan(decode_plan(again)) == again);
  use(plan);
}
