// Rows by longest paths, orders by barycenters, places by isotonic regression.
#include "frontend/report/graph_layout.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "ir/diagnostic.h"

namespace weft {
namespace {

constexpr double kBetweenBoxes = 18, kBetweenLanes = 8, kBetweenRows = 34, kMargin = 12;
constexpr int kOrderSweeps = 8, kPlaceSweeps = 8;

// A box, or the lane of an arrow through a row that it passes.
struct Vertex {
  bool lane = false;
  std::size_t row = 0;
  double width = 0, height = 0;
  double x = 0;  // of its middle
  std::vector<std::size_t> above, below;
};

class Layered {
 public:
  Layered(std::span<const LayoutBox> boxes, std::span<const LayoutNet> nets)
      : boxes_(boxes), nets_(nets) {
    choose_rows();
    add_lanes();
    order_rows();
    place();
  }

  GraphLayout result() const {
    GraphLayout layout;
    std::vector<double> tops{kMargin};  // by row, and the end
    for (const auto& row : rows_) {
      double height = 0;
      for (const std::size_t v : row) height = std::max(height, vertices_[v].height);
      tops.push_back(tops.back() + height + kBetweenRows);
    }
    double left = 1e300, right = -1e300;
    for (const Vertex& v : vertices_) {
      left = std::min(left, v.x - v.width / 2);
      right = std::max(right, v.x + v.width / 2);
    }
    if (vertices_.empty()) left = right = 0;
    const double shift = kMargin - left;
    layout.width = right - left + 2 * kMargin;
    layout.height = tops.back() - (rows_.empty() ? 0 : kBetweenRows) + kMargin;
    for (std::size_t box = 0; box < boxes_.size(); ++box) {
      const Vertex& v = vertices_[box];
      layout.corners.emplace_back(v.x - v.width / 2 + shift, tops[v.row]);
    }
    for (std::size_t net = 0; net < nets_.size(); ++net) {
      layout.paths.push_back(paths_of(net, tops, shift));
    }
    return layout;
  }

 private:
  void choose_rows() {
    vertices_.resize(boxes_.size());
    std::vector<std::size_t> arrows_in(boxes_.size()), arrows_out(boxes_.size());
    std::vector<std::vector<std::size_t>> readers(boxes_.size());
    for (const LayoutNet& net : nets_) {
      ++arrows_out[net.from];
      for (const std::size_t to : net.to) {
        if (to <= net.from || to >= boxes_.size()) throw Error("an arrow leads upwards");
        ++arrows_in[to];
        readers[net.from].push_back(to);
      }
    }
    for (std::size_t from = 0; from < boxes_.size(); ++from) {
      vertices_[from].width = boxes_[from].width;
      vertices_[from].height = boxes_[from].height;
      for (const std::size_t to : readers[from]) {
        vertices_[to].row = std::max(vertices_[to].row, vertices_[from].row + 1);
      }
    }
    for (std::size_t box = boxes_.size(); box-- > 0;) {
      if (readers[box].empty() || arrows_in[box] > arrows_out[box]) continue;
      std::size_t first = vertices_[readers[box].front()].row;
      for (const std::size_t to : readers[box]) first = std::min(first, vertices_[to].row);
      vertices_[box].row = first - 1;
    }
  }

  // Readers of a value share its lane as far as they can.
  void add_lanes() {
    lanes_.resize(nets_.size());
    for (std::size_t net = 0; net < nets_.size(); ++net) {
      const std::size_t from = nets_[net].from, first = vertices_[from].row;
      std::size_t last = first;
      for (const std::size_t to : nets_[net].to) last = std::max(last, vertices_[to].row);
      auto& lane = lanes_[net];
      lane.push_back(from);
      for (std::size_t row = first + 1; row < last; ++row) {
        vertices_.push_back({.lane = true, .row = row, .above = {}, .below = {}});
        connect(lane.back(), vertices_.size() - 1);
        lane.push_back(vertices_.size() - 1);
      }
      for (const std::size_t to : nets_[net].to) connect(lane[vertices_[to].row - first - 1], to);
    }
    for (std::size_t v = 0; v < vertices_.size(); ++v) {
      rows_.resize(std::max(rows_.size(), vertices_[v].row + 1));
      rows_[vertices_[v].row].push_back(v);
    }
  }

  void connect(std::size_t upper, std::size_t lower) {
    vertices_[upper].below.push_back(lower);
    vertices_[lower].above.push_back(upper);
  }

  const std::vector<std::size_t>& neighbours(std::size_t v, bool above) const {
    return above ? vertices_[v].above : vertices_[v].below;
  }

  // ---- Orders

  void order_rows() {
    std::vector<std::size_t> at(vertices_.size());
    const auto number = [&](const std::vector<std::size_t>& row) {
      for (std::size_t i = 0; i < row.size(); ++i) at[row[i]] = i;
    };
    for (const auto& row : rows_) number(row);
    auto best = rows_;
    std::uint64_t fewest = crossings(at);
    for (int sweep = 0; sweep < kOrderSweeps && fewest > 0; ++sweep) {
      const bool down = sweep % 2 == 0;
      for (std::size_t i = 1; i < rows_.size(); ++i) {
        auto& row = rows_[down ? i : rows_.size() - 1 - i];
        sort_by_barycenter(row, down, at);
        number(row);
      }
      const std::uint64_t count = crossings(at);
      if (count >= fewest) continue;
      fewest = count;
      best = rows_;
    }
    rows_ = std::move(best);
  }

  void sort_by_barycenter(std::vector<std::size_t>& row, bool above,
                          const std::vector<std::size_t>& at) const {
    std::vector<std::pair<double, std::size_t>> keyed;
    for (const std::size_t v : row) {
      const auto& near = neighbours(v, above);
      double sum = 0;
      for (const std::size_t n : near) sum += static_cast<double>(at[n]);
      keyed.emplace_back(
          near.empty() ? static_cast<double>(at[v]) : sum / static_cast<double>(near.size()), v);
    }
    std::ranges::stable_sort(keyed, {}, [](const auto& one) { return one.first; });
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = keyed[i].second;
  }

  // Pairs of arrows between neighbouring rows that cross: inversions, counted by a Fenwick tree.
  std::uint64_t crossings(const std::vector<std::size_t>& at) const {
    std::uint64_t count = 0;
    for (std::size_t row = 0; row + 1 < rows_.size(); ++row) {
      std::vector<std::uint64_t> tree(rows_[row + 1].size() + 1);
      std::uint64_t added = 0;
      for (const std::size_t upper : rows_[row]) {
        for (const std::size_t lower : vertices_[upper].below) {
          std::uint64_t not_right = 0;
          for (std::size_t i = at[lower] + 1; i > 0; i &= i - 1) not_right += tree[i];
          count += added - not_right;
        }
        for (const std::size_t lower : vertices_[upper].below) {
          for (std::size_t i = at[lower] + 1; i < tree.size(); i += i & (~i + 1)) ++tree[i];
          ++added;
        }
      }
    }
    return count;
  }

  // ---- Places

  double between(std::size_t left, std::size_t right) const {
    const Vertex &a = vertices_[left], &b = vertices_[right];
    const double gap = a.lane && b.lane ? kBetweenLanes : kBetweenBoxes;
    return (a.width + b.width) / 2 + gap;
  }

  void place() {
    for (const auto& row : rows_) {
      double x = 0;
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (i > 0) x += between(row[i - 1], row[i]);
        vertices_[row[i]].x = x;
      }
      for (const std::size_t v : row) vertices_[v].x -= x / 2;
    }
    for (int sweep = 0; sweep < kPlaceSweeps; ++sweep) {
      const bool last = sweep + 2 >= kPlaceSweeps;
      for (std::size_t i = 0; i < rows_.size(); ++i) {
        const bool down = sweep % 2 == 0;
        place_row(rows_[down ? i : rows_.size() - 1 - i], down || last, !down || last);
      }
    }
  }

  // As near to their neighbours as order and gaps allow. With the gaps taken off, places must not
  // decrease: the least squares are found by pooling adjacent violators.
  void place_row(const std::vector<std::size_t>& row, bool by_above, bool by_below) {
    struct Pool {
      double sum = 0, weight = 0;
      std::size_t count = 0;
      double mean() const { return sum / weight; }
    };
    std::vector<Pool> pools;
    std::vector<double> gaps;
    for (std::size_t i = 0; i < row.size(); ++i) {
      gaps.push_back(i == 0 ? 0 : gaps.back() + between(row[i - 1], row[i]));
      const Vertex& v = vertices_[row[i]];
      double sum = 0.01 * v.x, weight = 0.01;
      const auto pull_to = [&](const std::vector<std::size_t>& near) {
        for (const std::size_t n : near) {
          const double pull = v.lane && vertices_[n].lane ? 8 : v.lane || vertices_[n].lane ? 2 : 1;
          sum += pull * vertices_[n].x;
          weight += pull;
        }
      };
      if (by_above) pull_to(v.above);
      if (by_below) pull_to(v.below);
      pools.push_back({sum - weight * gaps.back(), weight, 1});
      while (pools.size() > 1 && pools[pools.size() - 2].mean() > pools.back().mean()) {
        const Pool right = pools.back();
        pools.pop_back();
        pools.back().sum += right.sum;
        pools.back().weight += right.weight;
        pools.back().count += right.count;
      }
    }
    std::size_t i = 0;
    for (const Pool& pool : pools) {
      for (std::size_t k = 0; k < pool.count; ++k, ++i) {
        vertices_[row[i]].x = pool.mean() + gaps[i];
      }
    }
  }

  // ---- Arrows

  // Where the arrow between a box and one of its neighbours meets the box: side by side, in the
  // order of the neighbours.
  double port(std::size_t box, const std::vector<std::size_t>& near, std::size_t neighbour) const {
    const Vertex& v = vertices_[box];
    if (v.lane) return v.x;
    std::size_t before = 0, all = 0;
    for (std::size_t i = 0; i < near.size(); ++i) {
      const double x = vertices_[near[i]].x, own = vertices_[neighbour].x;
      ++all;
      if (x < own || (x == own && near[i] < neighbour)) ++before;
    }
    const double step = std::min(14.0, 0.8 * v.width / static_cast<double>(all));
    return v.x + (static_cast<double>(before) - (static_cast<double>(all) - 1) / 2) * step;
  }

  std::vector<std::vector<LayoutPoint>> paths_of(std::size_t net, const std::vector<double>& tops,
                                                 double shift) const {
    std::vector<std::vector<LayoutPoint>> paths;
    const auto& lane = lanes_[net];
    for (const std::size_t to : nets_[net].to) {
      std::vector<LayoutPoint> path;
      const std::size_t passed = vertices_[to].row - vertices_[lane[0]].row;
      const std::size_t second = passed > 1 ? lane[1] : to;
      const Vertex& from = vertices_[lane[0]];
      const double start = port(lane[0], from.below, second);
      path.emplace_back(start, tops[from.row] + from.height);
      path.emplace_back(start, tops[from.row + 1] - kBetweenRows);  // past its taller neighbours
      for (std::size_t i = 1; i < passed; ++i) {
        const Vertex& v = vertices_[lane[i]];
        const double bottom = tops[v.row + 1] - kBetweenRows;
        if (path.back().first == v.x && path.size() > 1) {
          path.back().second = bottom;
          continue;
        }
        path.emplace_back(v.x, tops[v.row]);
        path.emplace_back(v.x, bottom);
      }
      path.emplace_back(port(to, vertices_[to].above, lane[passed - 1]), tops[vertices_[to].row]);
      for (LayoutPoint& point : path) point.first += shift;
      paths.push_back(std::move(path));
    }
    return paths;
  }

  std::span<const LayoutBox> boxes_;
  std::span<const LayoutNet> nets_;
  std::vector<Vertex> vertices_;                 // the boxes, then lanes
  std::vector<std::vector<std::size_t>> rows_;   // in order
  std::vector<std::vector<std::size_t>> lanes_;  // by net: its box, then a lane for each row passed
};

}  // namespace

GraphLayout layered_layout(std::span<const LayoutBox> boxes, std::span<const LayoutNet> nets) {
  return Layered(boxes, nets).result();
}

}  // namespace weft
