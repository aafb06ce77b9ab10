// The copies of one memory.
#include "runtime/resources/packed_copies.h"

namespace weft {

std::shared_ptr<PackedCopy> PackedCopies::find(const void* tensor, const std::string& order,
                                               std::size_t size) {
  const std::lock_guard lock(finding_);
  std::weak_ptr<PackedCopy>& known = copies_[{tensor, order}];
  std::shared_ptr<PackedCopy> found = known.lock();
  if (!found) known = found = std::make_shared<PackedCopy>(size);
  return found;
}

}  // namespace weft
