// The limit, for both libraries.
#include "runtime/kernels/instruction_set.h"

#include <fmt/format.h>
#include <hwy/highway.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ir/diagnostic.h"
#include "runtime/kernels/products.h"

namespace weft {
namespace {

// Highway numbers a better instruction set by a lower bit: newer versions split AVX-512 into more.
constexpr std::int64_t kAvx512 = HWY_AVX2 - 1;
constexpr std::int64_t kAvx2 = HWY_AVX2;

struct InstructionSet {
  std::string_view name;
  std::int64_t disabled;  // of Highway's targets
  std::int64_t needed;    // one of them
};

constexpr std::array<InstructionSet, 3> kInstructionSets{{
    {"sse4", kAvx512 | kAvx2, HWY_SSE4},
    {"avx2", kAvx512, kAvx2},
    {"avx512", 0, kAvx512},
}};

void apply_limit() {
  const char* named = std::getenv(kInstructionSetVariable);
  if (named == nullptr || *named == '\0') return;
  for (const InstructionSet& set : kInstructionSets) {
    if (set.name != named) continue;
    hwy::DisableTargets(set.disabled);
    limit_products(set.name);
    return;
  }
  throw Error(fmt::format("{}={} names no instruction set", kInstructionSetVariable, named),
              "give sse4, avx2 or avx512, or leave it out");
}

// The targets that are not disabled. Highway's call forgets what was disabled when it chooses
// loops; the update sets that choice again.
std::int64_t usable_targets() {
  const std::int64_t targets = hwy::SupportedTargets();
  hwy::GetChosenTarget().Update(targets);
  return targets;
}

std::vector<std::string_view> names_of(std::int64_t targets) {
  std::vector<std::string_view> names;
  for (const InstructionSet& set : kInstructionSets) {
    if ((targets & set.needed) != 0) names.push_back(set.name);
  }
  return names;
}

// After the limit is applied, once: loops that run meanwhile would see another choice.
std::int64_t targets_in_use() {
  static const std::int64_t targets = (apply_limit(), usable_targets());
  return targets;
}

}  // namespace

void limit_instruction_set() { targets_in_use(); }

std::string instruction_set() {
  const std::int64_t targets = targets_in_use();
  const std::vector<std::string_view> named = names_of(targets);
  return named.empty() ? hwy::TargetName(targets & -targets) : std::string(named.back());
}

std::vector<std::string_view> instruction_sets() { return names_of(usable_targets()); }

}  // namespace weft
