// Weights for an explanation: a plan whose tensors are not those of its description is refused.
#include "frontend/report/plan_weights.h"

#include <doctest/doctest.h>

#include <vector>

#include "ir/diagnostic.h"

namespace weft {
namespace {

TEST_CASE("weights that a plan lacks, or has of another shape, are refused") {
  const std::vector<float> numbers{1, 2, 3, 4, 5, 6};
  Plan plan;
  plan.tensors.push_back(
      {"w", {DType::f32, {Dim(3), Dim(2)}, {}}, Role::param, std::as_bytes(std::span(numbers))});
  const auto check = [&](const char* name, Shape shape, bool table,
                         std::vector<std::int32_t> ids = {}) -> const PlanTensor& {
    return checked_weights(plan, Value{.name = name, .type = {DType::f32, std::move(shape), {}}},
                           table, ids);
  };
  CHECK(floats(check("w", {Dim(3), Dim(2)}, false))[5] == 6);
  CHECK(floats(check("w", {Dim(4), Dim(2)}, true, {2, 0, 2, 1})).size() == 6);  // a row per token
  CHECK_THROWS_WITH_AS(check("v", {Dim(3), Dim(2)}, false), doctest::Contains("does not hold"),
                       Error);
  CHECK_THROWS_WITH_AS(check("w", {Dim(2), Dim(3)}, false), doctest::Contains("but the plan's"),
                       Error);
  CHECK_THROWS_AS(check("w", {Dim(1), Dim(2)}, true, {3}), Error);  // there is no row 3
  CHECK_THROWS_AS(check("w", {Dim(1), Dim(5)}, true, {0}), Error);  // rows of another width
}

}  // namespace
}  // namespace weft
