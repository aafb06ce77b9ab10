// The held-out share in a plan's settings, beside what else they hold.
#include "frontend/train/plan_settings.h"

#include <doctest/doctest.h>

#include "tests/support/small_model.h"

namespace weft {
namespace {

TEST_CASE("a plan's held-out share is kept beside its overrides, and survives its file") {
  Plan plan = test::small_plan(test::kSmallModel, {"train.seed=3"});
  const std::string before = plan.settings;
  CHECK(held_out_share(plan) == 0);
  set_held_out_share(plan, 0);
  CHECK(plan.settings == before);
  set_held_out_share(plan, 0.1);
  const std::vector<std::byte> bytes = encode_plan(plan);
  const Plan again = decode_plan(bytes);
  CHECK(held_out_share(again) == 0.1);
  CHECK(overrides_of(again).assignments() == std::vector<std::string>{"train.seed=3"});
  set_held_out_share(plan, 0);
  CHECK(plan.settings == before);
}

TEST_CASE("settings that are not as they should be hold no share") {
  const std::string deep(200000, '[');  // copied and written by recursion, it would end the program
  const std::string nested = "{\"a\": " + deep + std::string(deep.size(), ']') + "}";
  for (const char* settings :
       {nested.c_str(), "{\"a\": 1", "", "[]", "null", "{\"valid_fraction\": \"much\"}",
        "{\"valid_fraction\": -1}", "{\"valid_fraction\": 7}"}) {
    Plan plan;
    plan.settings = settings;
    CHECK(held_out_share(plan) == 0);
    set_held_out_share(plan, 0.25);
    CHECK(held_out_share(plan) == 0.25);
  }
}

}  // namespace
}  // namespace weft
