// Precision and recall of the most probable labels, worked out by hand.
#include "frontend/train/top_labels.h"

#include <doctest/doctest.h>

#include <array>
#include <vector>

namespace weft {
namespace {

using doctest::Approx;
using Labels = std::vector<std::int32_t>;

TEST_CASE("top labels: hits among the best K") {
  constexpr std::array first = {0.1F, 0.6F, 0.3F}, second = {0.5F, 0.2F, 0.3F};
  struct Expected {
    std::size_t k;
    double precision, recall;
  };
  for (const Expected& expected : {Expected{1, 1.0 / 2, 1.0 / 3}, Expected{2, 2.0 / 4, 2.0 / 3},
                                   Expected{3, 3.0 / 6, 1.0}, Expected{9, 3.0 / 6, 1.0}}) {
    CAPTURE(expected.k);
    TopLabels top(expected.k);
    top.add(first, Labels{1});
    top.add(second, Labels{2, 1});
    CHECK(top.precision() == Approx(expected.precision));
    CHECK(top.recall() == Approx(expected.recall));
  }
}

TEST_CASE("top labels: of equal probabilities the first label is the answer, as predict gives it") {
  constexpr std::array equal = {0.5F, 0.5F};
  TopLabels top(1);
  top.add(equal, Labels{1});
  CHECK(top.precision() == 0.0);
  top.add(equal, Labels{0});
  CHECK(top.precision() == 0.5);
}

TEST_CASE("top labels: unknown labels are not found, and nothing is no number") {
  TopLabels top(2);
  CHECK(top.precision() == 0.0);
  CHECK(top.recall() == 0.0);
  constexpr std::array p = {0.75F, 0.25F};
  top.add(p, Labels{2});
  top.add(p, Labels{});
  CHECK(top.precision() == 0.0);
  CHECK(top.recall() == 0.0);
}

}  // namespace
}  // namespace weft
