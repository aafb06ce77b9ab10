// What the programs of a plan take, against what there is.
#include "frontend/train/memory_limit.h"

#include <doctest/doctest.h>

#include "ir/diagnostic.h"
#include "ir/op.h"
#include "tests/support/small_model.h"

namespace weft {
namespace {

TEST_CASE("memory: a plan is refused by the byte that is missing") {
  const Plan plan = test::small_plan();
  // Its tensors, its arenas, and the tables that @load makes.
  std::int64_t needed = 0;
  for (const Value& value : plan.program("load")->values) {
    if (value.role == Role::state) needed += capacity_bytes(*plan.program("load"), value.type);
  }
  for (const PlanTensor& tensor : plan.tensors) {
    needed += static_cast<std::int64_t>(tensor.bytes.size());
  }
  for (const Graph& program : plan.programs) needed += program.arena_bytes;
  CHECK(memory_of(plan.programs, {}) == static_cast<double>(needed));
  CHECK_NOTHROW(expect_memory(plan.programs, {}, needed));
  CHECK_THROWS_WITH_AS(expect_memory(plan.programs, {}, needed - 1),
                       doctest::Contains("its largest tensor is %"), Error);
}

TEST_CASE("memory: a model larger than any machine is refused before it is allocated") {
  CHECK(available_memory() > 0);
  std::string model(test::kSmallModel);
  model.replace(model.find("width=8"), 7, "width=1048576");
  model.replace(model.find("channels=6"), 10, "channels=100000");
  CHECK_THROWS_WITH_AS(test::small_plan(model), doctest::Contains("of memory, but there are"),
                       Error);
}

}  // namespace
}  // namespace weft
