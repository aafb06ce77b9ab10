// Greedy placement in several orders; where none comes within a hundredth of the lower bound, a
// bounded hill climb over orders. (Finding the best is NP-hard; programs are small and mostly meet
// the bound at once.)
#include "passes/place_buffers.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "ir/random.h"

namespace weft {

namespace {

constexpr std::int64_t kClimbBudget = 20'000'000;  // visits of neighbours: well under a second

using Order = std::vector<std::size_t>;

class Placer {
 public:
  explicit Placer(const std::vector<Buffer>& buffers)
      : buffers_(buffers), neighbours_(buffers.size()), offsets_(buffers.size(), kNoRow) {
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (buffers[i].first > buffers[j].last || buffers[j].first > buffers[i].last) continue;
        neighbours_[i].push_back(j);
        neighbours_[j].push_back(i);
      }
    }
  }

  // Places one buffer after another, each in the tightest gap (or the lowest) between those that
  // it meets in time; returns the size of the arena.
  std::int64_t place(const Order& order, bool tightest) {
    std::ranges::fill(offsets_, kNoRow);
    std::int64_t arena = 0;
    for (const std::size_t i : order) {
      offsets_[i] = find_gap(i, tightest);
      arena = std::max(arena, offsets_[i] + buffers_[i].bytes);
    }
    return arena;
  }

  const std::vector<std::int64_t>& offsets() const { return offsets_; }

  std::int64_t cost() const {
    std::size_t visits = buffers_.size();
    for (const auto& list : neighbours_) visits += list.size();
    return static_cast<std::int64_t>(visits);
  }

 private:
  static constexpr std::int64_t kNoRow = -1;

  std::int64_t find_gap(std::size_t i, bool tightest) {
    taken_.clear();
    for (const std::size_t j : neighbours_[i]) {
      if (offsets_[j] != kNoRow) taken_.emplace_back(offsets_[j], offsets_[j] + buffers_[j].bytes);
    }
    std::ranges::sort(taken_);
    std::int64_t best = kNoRow, best_gap = 0, end = 0;
    for (const auto& [from, to] : taken_) {
      const std::int64_t gap = from - end;
      if (gap >= buffers_[i].bytes && (best == kNoRow || gap < best_gap)) {
        best = end;
        best_gap = gap;
        if (!tightest) break;
      }
      end = std::max(end, to);
    }
    return best == kNoRow ? end : best;
  }

  const std::vector<Buffer>& buffers_;
  std::vector<std::vector<std::size_t>> neighbours_;  // by buffer: those it meets in time
  std::vector<std::int64_t> offsets_;
  std::vector<std::pair<std::int64_t, std::int64_t>> taken_;
};

// Big or long-lived buffers first, since small ones fill gaps; or in the order of the program.
std::vector<Order> orders(const std::vector<Buffer>& buffers) {
  const auto size = [](const Buffer& b) { return -b.bytes; };
  const auto area = [](const Buffer& b) {
    return -b.bytes * static_cast<std::int64_t>(b.last - b.first + 1);
  };
  const auto life = [](const Buffer& b) { return -static_cast<std::int64_t>(b.last - b.first); };
  const auto start = [](const Buffer& b) { return static_cast<std::int64_t>(b.first); };
  const auto end = [](const Buffer& b) { return -static_cast<std::int64_t>(b.last); };
  Order as_given(buffers.size());
  std::iota(as_given.begin(), as_given.end(), std::size_t{0});
  std::vector<Order> found;
  const auto by = [&](auto key) {
    found.push_back(as_given);
    std::ranges::stable_sort(found.back(), {}, [&](std::size_t i) { return key(buffers[i]); });
  };
  by(size);
  by(area);
  by(life);
  by(start);
  by(end);
  return found;
}

struct Placement {
  Order order;
  bool tightest = true;
  std::int64_t arena = 0;
  std::vector<std::int64_t> offsets;
};

// Moves a buffer that reaches the top of the arena to a random earlier turn, again and again, and
// keeps what is no worse.
void climb(Placement& best, Placer& placer, const std::vector<Buffer>& buffers,
           std::int64_t bound) {
  Placement now = best;
  std::int64_t budget = kClimbBudget;
  for (std::uint64_t draw = 0; budget > 0 && best.arena > bound; budget -= placer.cost()) {
    const auto random = [&](std::size_t below) {
      return static_cast<std::size_t>(mix64(++draw) % below);
    };
    std::vector<std::size_t> top;  // turns
    for (std::size_t turn = 0; turn < now.order.size(); ++turn) {
      const std::size_t i = now.order[turn];
      if (now.offsets[i] + buffers[i].bytes == now.arena) top.push_back(turn);
    }
    // Now and then any buffer moves: the one at the top may not be to blame.
    const std::size_t turn = random(4) == 0 ? random(now.order.size()) : top[random(top.size())];
    Order order = now.order;
    const auto to = order.begin() + static_cast<std::ptrdiff_t>(random(turn + 1));
    std::rotate(to, order.begin() + static_cast<std::ptrdiff_t>(turn),
                order.begin() + static_cast<std::ptrdiff_t>(turn) + 1);
    const std::int64_t arena = placer.place(order, now.tightest);
    if (arena > now.arena) continue;
    now = {std::move(order), now.tightest, arena, placer.offsets()};
    if (arena < best.arena) best = now;
  }
}

}  // namespace

std::int64_t peak_bytes(const std::vector<Buffer>& buffers) {
  std::map<std::size_t, std::int64_t> change;  // by time
  for (const Buffer& buffer : buffers) {
    change[buffer.first] += buffer.bytes;
    change[buffer.last + 1] -= buffer.bytes;
  }
  std::int64_t now = 0, peak = 0;
  for (const auto& [time, bytes] : change) peak = std::max(peak, now += bytes);
  return peak;
}

std::int64_t place_buffers(std::vector<Buffer>& buffers) {
  if (buffers.empty()) return 0;
  const std::int64_t bound = peak_bytes(buffers);
  Placer placer(buffers);
  Placement best;
  for (Order& order : orders(buffers)) {
    for (const bool tightest : {true, false}) {
      const std::int64_t arena = placer.place(order, tightest);
      if (best.order.empty() || arena < best.arena) {
        best = {order, tightest, arena, placer.offsets()};
      }
    }
  }
  if (best.arena - bound > bound / 100) climb(best, placer, buffers, bound);
  for (std::size_t i = 0; i < buffers.size(); ++i) buffers[i].offset = best.offsets[i];
  return best.arena;
}

}  // namespace weft
