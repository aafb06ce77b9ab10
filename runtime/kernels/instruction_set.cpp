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

bool limited() {
  const char* named = std::getenv(kInstructionSetVariable);
  if (named == nullptr || *named == '\0') return false;
  for (const InstructionSet& set : kInstructionSets) {
    if (set.name != named) continue;
    hwy::DisableTargets(set.disabled);
    limit_products(set.name);
    return true;
  }
  throw Error(fmt::format("{}={} names no instruction set", kInstructionSetVariable, named),
              "give sse4, avx2 or avx512, or leave it out");
}

}  // namespace

void limit_instruction_set() {
  static const bool done = limited();
  static_cast<void>(done);
}

std::vector<std::string_view> instruction_sets() {
  std::vector<std::string_view> names;
  for (const InstructionSet& set : kInstructionSets) {
    if ((hwy::SupportedTargets() & set.needed) != 0) names.push_back(set.name);
  }
  return names;
}

}  // namespace weft
