// Verifies FlatBuffers, and reads of newer ones what they need.
#include "ir/plan/structure.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "ir/plan/header.h"
#include "ir/plan/plan_generated.h"

namespace weft::plan_format {

namespace {

// A table and the reference to it take 8 bytes or more: of more tables than fit, some are shared,
// and a small file could take long to check.
flatbuffers::Verifier verifier_of(std::span<const std::byte> structure) {
  const auto* const at = reinterpret_cast<const std::uint8_t*>(structure.data());
  const auto max_tables = static_cast<flatbuffers::uoffset_t>(structure.size() / 8);
  return {at, structure.size(), /*max_depth=*/16, max_tables};
}

}  // namespace

const fbs::Plan* checked_structure(std::span<const std::byte> structure) {
  flatbuffers::Verifier verifier = verifier_of(structure);
  return fbs::VerifyPlanBuffer(verifier) ? fbs::GetPlan(structure.data()) : nullptr;
}

std::string_view string_at(std::span<const std::byte> structure, const std::uint8_t* offset) {
  const auto distance = flatbuffers::ReadScalar<flatbuffers::uoffset_t>(offset);
  const auto* const string = reinterpret_cast<const flatbuffers::String*>(offset + distance);
  require(verifier_of(structure).VerifyString(string), "its structure ends within a string");
  return string->string_view();
}

void refuse_newer(std::span<const std::byte> file, const Header& header) {
  constexpr std::size_t kMaxNeeds = 8, kMaxBytes = 80;  // a hostile list may be without end
  const std::uint64_t size = std::min(header.structure_size, file.size() - sizeof header);
  const fbs::Plan* const plan = checked_structure(file.subspan(sizeof header, size));
  std::string needs;
  if (plan != nullptr && plan->needs() != nullptr) {
    std::size_t count = 0;
    for (const auto* need : *plan->needs()) {
      if (count++ == kMaxNeeds) break;
      needs += fmt::format(", with {}", need->string_view().substr(0, kMaxBytes));
    }
  }
  throw Error(fmt::format("is a plan of format {}{}, but this weft reads formats up to {}",
                          header.version, needs, kVersion),
              "use the weft that made it, or a later one");
}

}  // namespace weft::plan_format
