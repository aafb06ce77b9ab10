// What nodes cost, against figures computed by hand.
#include <doctest/doctest.h>

#include <string>

#include "frontend/report/bench.h"
#include "frontend/report/inspect.h"
#include "ir/parse.h"

namespace weft {
namespace {

// Of the last node of a program over 10 tokens of 2 texts.
NodeCost cost(const std::string& params, const std::string& node) {
  const Graph graph = parse_one(
      "program @p {\n symbol B <= 8\n symbol T <= 64\n derived T.unique <= 50\n"
      " input %ids : i32[T]\n input %offsets : i32[B+1 -> T]\n" +
      params + "\n %u, %inverse = unique(%ids) size=50\n " + node + "\n return %y\n}");
  return costs_of(graph, {{"B", 2}, {"T", 10}, {"T.unique", 6}}).back();
}

void check(const NodeCost& found, double flops, double bytes) {
  CHECK(found.flops == flops);
  CHECK(found.bytes == bytes);
}

TEST_CASE("products cost two operations for each multiply-add, and each matrix once") {
  check(cost(" input %x : f32[T, 8]\n param %w : f32[8, 12]\n param %b : f32[12]",
             "%y = linear(%x, %w, %b)"),
        2 * 10 * 8 * 12, 4 * (10 * 8 + 8 * 12 + 12 + 10 * 12));
  check(cost(" input %x : f32[T, 8]\n input %d : f32[T, 12]", "%y = matmul(%x, %d) transpose_a=1"),
        2 * 8 * 10 * 12, 4 * (10 * 8 + 10 * 12 + 8 * 12));
  check(cost(" input %x : f32[T, 8]\n param %w : f32[3, 8, 5]",
             "%y = conv1d(%x, %w, %offsets, %offsets)"),
        2 * 10 * 5 * 3 * 8, 4 * (10 * 8 + 3 * 8 * 5 + 3 + 3 + 10 * 5));
}

TEST_CASE("attention costs two products of each pair of rows of a text, its gradient five") {
  // 2 texts of 5 rows, rows of 4: a product of all pairs takes 2 * (2 * 5 * 5) * 4 operations.
  const double pairs = 2 * 2 * 5 * 5 * 4;
  check(cost(" input %x : f32[T, 12]", "%y = attention(%x, %offsets) heads=2"), 2 * pairs,
        4 * (10 * 12 + 3 + 10 * 4));
  check(cost(" input %x : f32[T, 12]\n input %d : f32[T, 4]",
             "%y = attention_grad(%x, %d, %offsets) heads=2"),
        5 * pairs, 4 * (10 * 12 + 10 * 4 + 3 + 10 * 12));
  // One query of each text.
  check(cost(" input %q : f32[B, 4]\n input %x : f32[T, 8]",
             "%y = pool_attention(%q, %x, %offsets) heads=2"),
        2 * 2 * 2 * 5 * 4, 4 * (2 * 4 + 10 * 8 + 3 + 2 * 4));
}

TEST_CASE("what is computed row by row or element by element moves its operands once") {
  check(cost(" input %x : f32[T, 8]\n param %g : f32[8]\n param %b : f32[8]",
             "%y, %m, %r = layer_norm(%x, %g, %b)"),
        8 * 10 * 8, 4 * (10 * 8 + 8 + 8 + 10 * 8 + 10 + 10));
  check(cost(" input %x : f32[T, 8]\n input %z : f32[T, 8]", "%y = add(%x, %z)"), 80,
        4 * (80 + 80 + 80));
  check(cost(" input %x : f32[T, 8]", "%y = reduce_sum(%x) axes=[0]"), 80, 4 * (80 + 8));
}

TEST_CASE("a lookup and an update by rows touch the rows that ids name") {
  check(cost(" param %t : f32[50, 8]", "%y = embedding(%ids, %t)"), 0, 4 * (10 + 80 + 80));
  const std::string moments =
      " param %w : f32[50, 8]\n state %m : f32[50, 8]\n state %v : f32[50, 8]\n"
      " input %g : f32[T.unique, 8]\n input %rate : f32[]\n state %step : i32[]";
  // 6 rows of w, m and v are read and written; of g read.
  const NodeCost step = cost(moments, "%y, %n, %o = row_adamw(%w, %m, %v, %u, %g, %rate, %step)");
  CHECK(step.bytes == 4 * (2 * 3 * 6 * 8 + 6 * 8 + 1 + 1 + 6));
}

TEST_CASE("a node's limit is that of the memory that its bytes fit into") {
  const MachineLimits limits{1e9, {{1000, 8e9}, {1e6, 2e9}}};
  CHECK(limits.bandwidth_of(10) == 8e9);
  CHECK(limits.bandwidth_of(1000) == 8e9);
  CHECK(limits.bandwidth_of(1001) == 2e9);
  CHECK(limits.bandwidth_of(1e9) == 2e9);
  const MachineLimits measured = measure_limits(1);
  CHECK(measured.flops > 0);
  REQUIRE(measured.bandwidth.size() > 1);
  for (const auto& [bytes, rate] : measured.bandwidth) CHECK(rate > 0);
}

TEST_CASE("the nodes of an op are summed up, the dearest op first") {
  const std::vector<BenchNode> ops = by_op(
      {{.name = "a",
        .op = "add",
        .us = 2,
        .share = 0.2,
        .flops = 5,
        .bytes = 7,
        .least_us = 1,
        .memory_bound = true},
       {.name = "b", .op = "linear", .us = 4, .share = 0.4, .least_us = 3},
       {.name = "c", .op = "add", .us = 4, .share = 0.4, .flops = 6, .bytes = 8, .least_us = 0.5}});
  REQUIRE(ops.size() == 2);
  CHECK(ops[0].op == "add");
  CHECK(ops[0].count == 2);
  CHECK(ops[0].us == 6);
  CHECK(ops[0].flops == 11);
  CHECK(ops[0].bytes == 15);
  CHECK(ops[0].memory_bound);
  CHECK(ops[0].of_limit() == 0.25);
  CHECK(ops[1].of_limit() == 0.75);
}

}  // namespace
}  // namespace weft
