// Building the trie; searches are in the header.
#include "runtime/text/byte_trie.h"

#include <algorithm>

#include "ir/diagnostic.h"

namespace weft {

ByteTrie::ByteTrie(std::size_t bytes) : numbers_{kNothing} {  // node 0 is nowhere
  constexpr std::size_t kMostReserved = std::size_t{1} << 22;
  std::size_t slots = 16;
  while (slots < 2 * std::min(bytes, kMostReserved)) slots *= 2;
  slots_.resize(slots);
}

std::uint32_t ByteTrie::add_node() {
  constexpr std::size_t kMostNodes = std::size_t{1} << 24;
  if (numbers_.size() == kMostNodes) {
    throw Error("the vocabulary's tokens are longer than 16 MiB together",
                "take a model with a smaller vocabulary");
  }
  numbers_.push_back(kNothing);
  return static_cast<std::uint32_t>(numbers_.size() - 1);
}

std::uint32_t ByteTrie::add_root() { return add_node(); }

bool ByteTrie::add(std::uint32_t root, std::string_view word, std::int32_t number) {
  std::uint32_t node = root;
  for (const char byte : word) {
    std::uint32_t child = step(node, byte);
    if (child == kNowhere) {
      child = add_node();
      if (2 * ++edges_ > slots_.size()) grow();
      place({key_of(node, byte), child});
    }
    node = child;
  }
  if (numbers_[node] != kNothing) return false;
  numbers_[node] = number;
  return true;
}

void ByteTrie::place(const Slot& slot) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = hash(slot.key) & mask;
  while (slots_[i].child != kNowhere) i = (i + 1) & mask;
  slots_[i] = slot;
}

void ByteTrie::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.child != kNowhere) place(slot);
  }
}

}  // namespace weft
