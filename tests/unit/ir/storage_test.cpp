// Where values lie: the verifier against a plain comparison of all pairs of values.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>

#include "ir/parse.h"
#include "ir/verify.h"

namespace weft {
namespace {

bool accepts(const Graph& graph) {
  try {
    verify(graph);
    return true;
  } catch (const Error& error) {
    CHECK_MESSAGE(std::string_view(error.what()).find("alive at once") != std::string_view::npos,
                  error.what());
    return false;
  }
}

// A chain or tree: node i, which computes y<i>, reads x or an earlier value; the last one stays.
struct Program {
  struct Value {
    int reads = 0;  // node i reads value `reads`; 0: x
    int last_reader = 0;
    std::int64_t offset = 0, elements = 0;
  };
  std::vector<Value> values{Value{}};  // values[0] is x

  Graph graph() const {
    std::string text = "program @p {\n";
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Value& v = values[i];
      const std::string place = fmt::format("f32[{}] in arena+{}\n", v.elements, v.offset);
      text += i == 0 ? "  input %y0 : " + place
                     : fmt::format("  %y{} = scale(%y{}) factor=2.0 : {}", i, v.reads, place);
    }
    text += fmt::format("  return %y{}\n}}\n", values.size() - 1);
    Graph parsed = parse_one(text);
    parsed.arena_bytes = 1 << 20;
    return parsed;
  }

  bool overlap(std::size_t i, std::size_t j) const {
    const Value &a = values[i], &b = values[j];
    if (a.elements == 0 || b.elements == 0) return false;
    const bool both_alive = a.last_reader >= static_cast<int>(j);  // i is older
    const bool apart =
        a.offset + 4 * a.elements <= b.offset || b.offset + 4 * b.elements <= a.offset;
    const bool handed_over = b.reads == static_cast<int>(i) &&
                             a.last_reader == static_cast<int>(j) && a.offset == b.offset;
    return both_alive && !apart && !handed_over;
  }
};

TEST_CASE("values that are alive at once lie apart, as a comparison of all pairs says") {
  std::mt19937 random(7);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  int accepted = 0;
  for (int round = 0; round < 3000; ++round) {
    Program p;
    const int elements = below(8) == 0 ? 0 : 16 * (1 + below(3));
    const int places = 1 + below(6);
    p.values[0] = {0, 0, 64 * below(places), elements};
    for (int i = 1; i < 6; ++i) {
      const int reads = below(3) == 0 ? below(i) : i - 1;
      p.values.push_back({reads, i, 64 * below(places), elements});
      p.values[static_cast<std::size_t>(reads)].last_reader = i;
    }
    p.values.back().last_reader = 1 << 20;
    bool apart = true;
    for (std::size_t j = 0; j < p.values.size(); ++j) {
      for (std::size_t i = 0; i < j; ++i) apart = apart && !p.overlap(i, j);
    }
    CAPTURE(round);
    CHECK(accepts(p.graph()) == apart);
    accepted += static_cast<int>(apart);
  }
  CHECK(accepted > 300);
  CHECK(accepted < 2700);
}

// In time proportional to their number, about: a hostile file of some MB has so many.
TEST_CASE("tens of thousands of values that are alive at once are compared at once") {
  constexpr int kValues = 40000;
  std::string nodes, results;
  for (int i = 0; i < kValues; ++i) {
    nodes += fmt::format("  %y{} = scale(%x) factor=2.0 : f32[1] in arena+{}\n", i, 64 * (i + 1));
    results += fmt::format("{}%y{}", i == 0 ? "" : ", ", i);
  }
  Graph graph = parse_one("program @p {\n  input %x : f32[1] in arena+0\n" + nodes + "  return " +
                          results + "\n}\n");
  graph.arena_bytes = 64 * (kValues + 1);
  CHECK(accepts(graph));
  graph[*graph.find("y39999")].storage = Storage::in_arena(64 * 20000);
  CHECK_FALSE(accepts(graph));
}

}  // namespace
}  // namespace weft
