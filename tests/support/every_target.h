// The vector loops of each instruction set, in turn.
#pragma once

#include <doctest/doctest.h>
#include <hwy/targets.h>

#include <cstdint>
#include <string>

namespace weft {

// Runs `check` with the best instruction set, then with each lesser one.
template <typename Check>
void with_every_target(Check check) {
  const std::int64_t all = hwy::SupportedTargets();
  std::int64_t last = 0;
  for (const std::int64_t target : {std::int64_t{HWY_AVX3}, std::int64_t{HWY_AVX2},
                                    std::int64_t{HWY_SSE4}, std::int64_t{HWY_SCALAR}}) {
    if ((all & target) == 0 && target != HWY_SCALAR) continue;
    CAPTURE(std::string(hwy::TargetName(target)));
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    check();
    last = target;
  }
  CHECK(last == HWY_SCALAR);
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace weft
