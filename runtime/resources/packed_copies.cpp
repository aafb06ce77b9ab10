// Copies that are kept and copies that are packed over.
#include "runtime/resources/packed_copies.h"

namespace weft {

std::shared_ptr<PackedCopy> PackedScratch::find(std::size_t index, std::size_t size) {
  while (copies_.size() <= index) copies_.push_back(std::make_shared<PackedCopy>(0));
  copies_[index]->reserve(size);
  return copies_[index];
}

std::shared_ptr<PackedCopy> PackedCopies::find(const void* tensor, const std::string& order) {
  const std::lock_guard lock(finding_);
  const auto known = copies_.find({tensor, order});
  return known == copies_.end() ? nullptr : known->second.lock();
}

std::shared_ptr<PackedCopy> PackedCopies::find_or_make(const void* tensor, const std::string& order,
                                                       std::size_t size) {
  const std::lock_guard lock(finding_);
  std::weak_ptr<PackedCopy>& known = copies_[{tensor, order}];
  std::shared_ptr<PackedCopy> found = known.lock();
  if (!found) known = found = std::make_shared<PackedCopy>(size);
  return found;
}

void PackedCopies::discard() {
  const std::lock_guard lock(finding_);
  for (const auto& [key, known] : copies_) {
    if (const std::shared_ptr<PackedCopy> copy = known.lock()) copy->discard();
  }
}

}  // namespace weft
