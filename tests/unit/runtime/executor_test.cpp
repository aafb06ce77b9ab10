// The executor: extents, results, writes, memory shared by programs, and what it refuses.
#include "runtime/executor.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "ir/parse.h"
#include "ir/verify.h"
#include "runtime/resources/threads.h"
#include "tests/support/bound_program.h"
#include "tests/support/text.h"

namespace weft {
namespace {

// One program over tensors of its own, owned by the test.
class Fixture {
 public:
  // `planned`: the text says where values lie.
  explicit Fixture(const std::string& text, Access access = Access::owned, bool planned = false) {
    for (Graph& graph : parse(text)) {
      programs_.push_back(planned ? std::move(graph) : plan_simply(std::move(graph)));
    }
    for (const Graph& graph : programs_) {
      for (const Value& value : graph.values) {
        if (value.role != Role::param && value.role != Role::state) continue;
        const bool known = std::ranges::any_of(
            tensors_, [&](const PlanTensor& t) { return t.name == value.name; });
        if (known) continue;
        const auto size = static_cast<std::size_t>(capacity_bytes(graph, value.type));
        bytes_.push_back(std::make_unique<AlignedBytes>(size));
        tensors_.push_back({value.name, value.type, value.role, bytes_.back()->span()});
      }
    }
    access_ = access;
  }

  void fill(std::string_view name, const std::vector<float>& numbers) {
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      if (tensors_[i].name != name) continue;
      REQUIRE(bytes_[i]->size() == numbers.size() * sizeof(float));
      std::memcpy(bytes_[i]->data(), numbers.data(), bytes_[i]->size());
    }
  }

  Memory& memory() {
    if (!memory_) memory_ = std::make_unique<Memory>(tensors_, access_);
    return *memory_;
  }
  Executor executor(std::size_t program = 0) { return {programs_[program], memory(), 1}; }
  const Graph& graph(std::size_t program = 0) const { return programs_[program]; }
  std::vector<float> tensor(std::string_view name) {
    for (const PlanTensor& t : memory().tensors()) {
      if (t.name != name) continue;
      std::vector<float> numbers(t.bytes.size() / sizeof(float));
      std::memcpy(numbers.data(), t.bytes.data(), t.bytes.size());
      return numbers;
    }
    FAIL("no such tensor");
    return {};
  }

 private:
  std::vector<Graph> programs_;
  std::vector<std::unique_ptr<AlignedBytes>> bytes_;
  std::vector<PlanTensor> tensors_;
  std::unique_ptr<Memory> memory_;
  Access access_ = Access::owned;
};

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

using test::contains;

constexpr const char* kPool =
    "program @pool {\n symbol B <= 4\n symbol T <= 8\n input %x : f32[T, 2]\n"
    " input %offsets : i32[B+1 -> T]\n %y, %where = max_pool(%x, %offsets)\n return %y, %where\n}";

void put(std::span<float> to, const std::vector<float>& numbers) {
  std::ranges::copy(numbers, to.begin());
}
void put(std::span<std::int32_t> to, const std::vector<std::int32_t>& numbers) {
  std::ranges::copy(numbers, to.begin());
}

TEST_CASE("results have the extents of the run") {
  Fixture fixture(kPool);
  Executor executor = fixture.executor();
  put(executor.input_f32("x"), {1, 5, 3, 2, -1, -2});
  put(executor.input_i32("offsets"), {0, 2, 2, 3});
  executor.run({{"B", 3}, {"T", 3}, {"unknown", 7}});
  const TensorView y = executor.result("y");
  CHECK(y.shape == Extents{3, 2});
  CHECK(std::vector(y.f32().begin(), y.f32().end()) == std::vector<float>{3, 5, 0, 0, -1, -2});
  const auto argmax = executor.result("where").i32();
  CHECK(std::vector(argmax.begin(), argmax.end()) == std::vector{1, 0, -1, -1, 2, 2});
  put(executor.input_i32("offsets"), {0});
  executor.run({{"B", 0}, {"T", 0}});
  CHECK(executor.result("y").shape == Extents{0, 2});
}

TEST_CASE("a request that does not fit is refused, and says why") {
  Fixture fixture(kPool);
  Executor executor = fixture.executor();
  put(executor.input_i32("offsets"), {0, 2, 1, 3});
  const auto run = [&](std::int64_t b, std::int64_t t) {
    return message_of([&] { executor.run({{"B", b}, {"T", t}}); });
  };
  CHECK(contains(run(5, 3), "B = 5 is not within 0 and its capacity 4"));
  CHECK(contains(run(-1, 3), "B = -1 is not within"));
  CHECK(contains(message_of([&] { executor.run({{"B", 1}}); }), "the extent of T is not given"));
  CHECK(contains(run(3, 3), "%offsets does not cut 3 rows into sequences"));  // it falls
  put(executor.input_i32("offsets"), {0, 1, 2, 4});
  CHECK(contains(run(3, 3), "%offsets does not cut 3 rows"));  // it goes beyond the rows
  put(executor.input_i32("offsets"), {1, 2, 2, 3});
  CHECK(contains(run(3, 3), "%offsets does not cut 3 rows"));  // it does not start at 0
  CHECK(contains(message_of([&] { executor.input("y"); }), "has no input %y"));
  CHECK(contains(message_of([&] { executor.result("x"); }), "has no result %x"));
}

TEST_CASE("an id outside the table is refused") {
  Fixture fixture(
      "program @p {\n symbol T <= 8\n input %ids : i32[T]\n param %table : f32[3, 2]\n"
      " %y = embedding(%ids, %table)\n return %y\n}");
  Executor executor = fixture.executor();
  for (const std::int32_t id : {3, -1, INT32_MIN, INT32_MAX}) {
    put(executor.input_i32("ids"), {0, id, 2});
    CHECK(contains(message_of([&] { executor.run({{"T", 3}}); }), "the table has 3 rows"));
  }
  put(executor.input_i32("ids"), {0, 2, 2});
  CHECK(message_of([&] { executor.run({{"T", 3}}); }).empty());
}

TEST_CASE("a program that was not planned, or does not match the memory, is refused") {
  Fixture fixture(kPool);
  const Graph unplanned = parse_one(kPool);
  CHECK(contains(message_of([&] { Executor(unplanned, fixture.memory(), 1); }), "plan-memory"));
  Fixture unread("program @p {\n param %w : f32[3]\n return %w\n}");
  const Graph relu = parse_one("program @p {\n param %w : f32[3]\n %y = relu(%w)\n return %w\n}");
  CHECK(contains(message_of([&] { Executor(relu, unread.memory(), 1); }), "%y has no storage"));
  Graph outside = fixture.graph();
  outside.arena_bytes -= 64;
  outside.values.back().storage->offset = outside.arena_bytes;
  CHECK(contains(message_of([&] { Executor(outside, fixture.memory(), 1); }), "outside the arena"));
  const Graph other = plan_simply(parse_one("program @p {\n param %w : f32[3]\n return %w\n}"));
  CHECK(contains(message_of([&] { Executor(other, fixture.memory(), 1); }), "no tensor named %w"));
  Fixture wider("program @p {\n param %w : f32[4]\n return %w\n}");
  CHECK(contains(message_of([&] { Executor(other, wider.memory(), 1); }), "uses it as f32[3]"));
}

constexpr const char* kTwoPrograms =
    "program @predict {\n symbol N <= 8\n input %x : f32[N, 2]\n param %w : f32[2, 1]\n"
    " %y = linear(%x, %w, _)\n return %y\n}\n"
    "program @train {\n input %g : f32[2, 1]\n input %rate : f32[]\n param %w : f32[2, 1]\n"
    " state %step : i32[]\n %new = sgd(%w, %g, %rate)\n %next = increment(%step)\n"
    " write %w <- %new\n write %step <- %next\n return %new\n}\n";

TEST_CASE("programs of one memory see each other's writes, also in packed weights") {
  Fixture fixture(kTwoPrograms);
  fixture.fill("w", {1, 10});
  Executor predict = fixture.executor(0), train = fixture.executor(1);
  put(predict.input_f32("x"), {1, 1, 2, 0});
  const auto outputs = [&] {
    predict.run({{"N", 2}});
    const auto y = predict.result("y").f32();
    return std::vector(y.begin(), y.end());
  };
  CHECK(outputs() == std::vector<float>{11, 2});
  CHECK(outputs() == std::vector<float>{11, 2});
  put(train.input_f32("g"), {1, 2});
  put(train.input_f32("rate"), {0.5F});
  train.run({});
  CHECK(outputs() == std::vector<float>{0.5F + 9, 1});
  train.run({});
  CHECK(outputs() == std::vector<float>{8, 0});
  CHECK(fixture.tensor("w") == std::vector<float>{0, 8});
}

TEST_CASE("a memory that is shared is read in place and never written") {
  Fixture fixture(kTwoPrograms, Access::shared);
  fixture.fill("w", {1, 10});
  CHECK(contains(message_of([&] { fixture.executor(1); }), "open read-only"));
  Executor predict = fixture.executor(0);
  put(predict.input_f32("x"), {3, 1});
  predict.run({{"N", 1}});
  CHECK(predict.result("y").f32()[0] == 13);
}

TEST_CASE("writes happen at the end, and may exchange two tensors") {
  Fixture fixture(
      "program @p {\n state %a : f32[2]\n state %b : f32[2]\n state %sum : f32[2]\n"
      " %x = scale(%b) factor=1\n %y = scale(%a) factor=1\n %s = add(%a, %b)\n"
      " write %a <- %x\n write %b <- %y\n write %sum <- %s\n return %s\n}");
  fixture.fill("a", {1, 2});
  fixture.fill("b", {30, 40});
  Executor executor = fixture.executor();
  executor.run({});
  CHECK(fixture.tensor("a") == std::vector<float>{30, 40});
  CHECK(fixture.tensor("b") == std::vector<float>{1, 2});
  CHECK(fixture.tensor("sum") == std::vector<float>{31, 42});
  executor.run({});
  CHECK(fixture.tensor("a") == std::vector<float>{1, 2});
}

// Time in proportion to their number: a hostile plan of some MB has so many.
TEST_CASE("tens of thousands of states that a program writes are bound at once") {
  constexpr int kStates = 20000;
  std::string states, nodes, writes;
  for (int i = 0; i < kStates; ++i) {
    const bool in_place = i % 2 == 0;
    states += fmt::format(" state %s{} : f32[1]\n", i);
    nodes += fmt::format(" %y{0} = scale(%s{0}) factor=2.0 : f32[1]{1}\n", i,
                         in_place ? fmt::format(" in %s{}", i) : "");
    writes += fmt::format(" write %s{0} <- %y{0}\n", i);
  }
  Graph graph = parse_one("program @p {\n" + states + nodes + writes + "}");
  const TensorType one{DType::f32, {Dim(1)}, {}};
  std::vector<PlanTensor> tensors;
  std::vector<float> numbers(kStates, 3.0F);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    tensors.push_back(
        {fmt::format("s{}", i), one, Role::state,
         std::as_bytes(std::span(numbers)).subspan(i * sizeof(float), sizeof(float))});
  }
  for (Value& value : graph.values) {
    if (value.persists() || value.storage) continue;
    value.storage = Storage::in_arena(graph.arena_bytes);
    graph.arena_bytes += 64;
  }
  verify(graph);
  Memory memory(tensors, Access::owned);
  Executor executor(graph, memory, 1);
  executor.defer_rows();
  executor.run({});
  for (const PlanTensor& tensor : memory.tensors()) {
    REQUIRE(TensorView{DType::f32, {1}, tensor.bytes.data()}.f32()[0] == 6.0F);
  }
}

// Rows that are made on demand must be there when they are copied.
TEST_CASE("a table that is copied too is made at once") {
  const auto tables = [](bool defer) {
    Fixture fixture(
        "program @load {\n param %e : f32[20, 6]\n param %w : f32[3, 6, 4]\n"
        " state %a : f32[20, 16]\n state %b : f32[20, 16]\n"
        " %t = tap_table(%e, %w) : f32[20, 16] in %a\n write %a <- %t\n write %b <- %t\n}",
        Access::owned, /*planned=*/true);
    verify(fixture.graph());
    fixture.fill("e", std::vector<float>(20 * 6, 3.0F));
    fixture.fill("w", std::vector<float>(3 * 6 * 4, 3.0F));
    Executor executor = fixture.executor();
    if (defer) executor.defer_rows();
    executor.run({});
    executor.make_deferred_rows();
    return std::pair(fixture.tensor("a"), fixture.tensor("b"));
  };
  const auto at_once = tables(false);
  CHECK(at_once.first == at_once.second);
  CHECK(tables(true) == at_once);
}

TEST_CASE("denormals count as zero while a program runs, and only then") {
  Fixture fixture(
      "program @p {\n symbol N <= 8\n input %x : f32[N]\n %y = scale(%x) factor=0.5\n return "
      "%y\n}");
  Executor executor = fixture.executor();
  put(executor.input_f32("x"), {1e-38F, 4, 1e-39F});
  executor.run({{"N", 3}});
  const auto y = executor.result("y").f32();
  CHECK(y[0] == 0.0F);
  CHECK(y[1] == 2.0F);
  volatile float small = 1e-38F;
  CHECK(small * 0.5F > 0.0F);
}

TEST_CASE("loops are cut the same way each time, and cover everything once") {
  CHECK(default_threads() >= 1);
  for (const std::int64_t n : {0, 1, 5, 64, 1000}) {
    for (const int threads : {1, 2, 3, 7}) {
      for (const std::int64_t grain : {1, 10, 5000}) {
        std::vector<int> visits(static_cast<std::size_t>(n));
        parallel_for(threads, n, grain, [&](std::int64_t begin, std::int64_t end, int part) {
          REQUIRE(part < threads);
          for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
        });
        CHECK(std::ranges::all_of(visits, [](int count) { return count == 1; }));
      }
    }
  }
}

TEST_CASE("programs of one memory share the packed copy of a weight until it changes") {
  const std::string body =
      "{\n symbol N <= 8\n input %x : f32[N, 40]\n param %w : f32[40, 48]\n"
      " %y = matmul(%x, %w)\n return %y\n}\n";
  Fixture fixture("program @first " + body + "program @second " + body);
  fixture.fill("w", std::vector<float>(40 * 48, 1.0F));
  Executor first = fixture.executor(0), second = fixture.executor(1);
  const auto result = [](Executor& executor) {
    std::ranges::fill(executor.input_f32("x"), 1.0F);
    executor.run({{"N", 1}});
    return executor.result("y").f32()[47];
  };
  CHECK(result(first) == 40.0F);
  CHECK(result(first) == 40.0F);  // the second run's copy is kept
  const auto weights = fixture.memory().writable_tensor("w");
  std::fill_n(reinterpret_cast<float*>(weights.data()), 40 * 48, 2.0F);
  CHECK(result(second) == 40.0F);  // nobody has said that they changed: it took first's copy
  fixture.memory().changed();
  CHECK(result(second) == 80.0F);
  CHECK(result(first) == 80.0F);
}

}  // namespace
}  // namespace weft
