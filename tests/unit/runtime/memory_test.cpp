// plan-memory against a run that tags every byte with its owner, and against bounds.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "ir/op.h"
#include "ir/parse.h"
#include "ir/verify.h"
#include "passes/compile.h"
#include "passes/passes.h"
#include "passes/place_buffers.h"
#include "passes/plan_memory.h"
#include "runtime/executor.h"
#include "tests/support/random_graph.h"
#include "tests/support/rounds.h"

namespace weft {
namespace {

// Memory in blocks of 64 bytes, each of which knows whose bytes it holds. A planned program runs
// over it as an executor would: whoever is read must still be there.
class TaggedMemory {
 public:
  explicit TaggedMemory(const Graph& graph) : graph_(graph) {
    REQUIRE(graph.arena_bytes % 64 == 0);
    arena_.assign(static_cast<std::size_t>(graph.arena_bytes / 64), kNoValue);
    for (std::size_t i = 0; i < graph.values.size(); ++i) {
      const ValueId id = static_cast<ValueId>(i);
      const Role role = graph[id].role;
      if (role == Role::param || role == Role::state) homes_[id] = id;
      if (role == Role::input) write(id);
    }
  }

  void run() {
    for (const Node& node : graph_.nodes) {
      for (const ValueId id : node.inputs) read(id);
      const std::vector<std::size_t> ports = written(node);
      check_outputs(node, ports);
      for (const std::size_t i : ports) write(node.outputs[i]);
      for (const std::size_t i : ports) read(node.outputs[i]);  // they do not overlap each other
    }
    for (const ValueId id : graph_.results) read(id);
    for (const Write& write : graph_.writes) read(write.source);
  }

 private:
  std::span<ValueId> blocks(ValueId id) {
    const Value& value = graph_[id];
    if (value.role == Role::param || value.role == Role::state) return {&homes_.at(id), 1};
    REQUIRE(value.storage.has_value());
    if (value.is_in(Storage::Kind::columns)) return blocks(value.storage->base);
    if (value.is_in(Storage::Kind::persistent)) return {&homes_.at(value.storage->base), 1};
    REQUIRE(value.storage->offset % 64 == 0);
    const std::int64_t bytes = capacity_bytes(graph_, value.type);
    REQUIRE(value.storage->offset + bytes <= graph_.arena_bytes);
    return std::span(arena_).subspan(static_cast<std::size_t>(value.storage->offset / 64),
                                     static_cast<std::size_t>((bytes + 63) / 64));
  }

  // The outputs that have a place: an optional one need not. Whoever reads it finds that it has
  // none.
  std::vector<std::size_t> written(const Node& node) const {
    std::vector<std::size_t> ports;
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (graph_[node.outputs[i]].storage) ports.push_back(i);
      REQUIRE((graph_[node.outputs[i]].storage || node.op->outputs[i].arity == Arity::optional));
    }
    return ports;
  }

  // Whose bytes they are: a part's are the whole's.
  ValueId owner_of(ValueId id) const {
    return graph_[id].is_in(Storage::Kind::columns) ? graph_[id].storage->base : id;
  }

  void write(ValueId id) { std::ranges::fill(blocks(id), owner_of(id)); }

  void read(ValueId id) {
    if (id == kNoValue) return;
    CAPTURE(graph_[id].name);
    REQUIRE(std::ranges::all_of(blocks(id), [&](ValueId owner) { return owner == owner_of(id); }));
  }

  // A node may write over an operand only where its op says so.
  void check_outputs(const Node& node, const std::vector<std::size_t>& ports) {
    for (const std::size_t i : ports) {
      const auto own = blocks(node.outputs[i]);
      const std::size_t port = i < node.op->in_place.size() ? node.op->in_place[i] : 0U;
      for (std::size_t j = 0; j < node.inputs.size(); ++j) {
        if (node.inputs[j] == kNoValue || j + 1 == port) continue;
        if (owner_of(node.inputs[j]) == owner_of(node.outputs[i])) continue;  // a part of it
        const auto other = blocks(node.inputs[j]);
        const bool apart =
            own.data() + own.size() <= other.data() || other.data() + other.size() <= own.data();
        CAPTURE(graph_[node.outputs[i]].name);
        REQUIRE((apart || own.empty() || other.empty()));
      }
    }
  }

  const Graph& graph_;
  std::vector<ValueId> arena_;
  std::map<ValueId, ValueId> homes_;
};

Graph plan(const Graph& graph) {
  PassContext context;
  return plan_memory(graph, context);
}

TEST_CASE("planned random programs read only what is still there") {
  std::int64_t optimal = 0, programs = 0;
  for (std::uint64_t seed = 0; seed < rounds(150); ++seed) {
    CAPTURE(seed);
    RandomProgram random = random_program(seed);
    random.graph.attrs["optimizer"] = std::string(seed % 2 == 0 ? "adam" : "sgd");
    for (const Graph& graph : {plan(random.graph), compile_predict(random.graph).program,
                               compile_train(random.graph).program}) {
      TaggedMemory(graph).run();
      CHECK(graph.arena_bytes >= max_live_bytes(graph));
      optimal += graph.arena_bytes == max_live_bytes(graph) ? 1 : 0;
      ++programs;
    }
  }
  CHECK(optimal * 100 >= programs * 95);  // an arena at its lower bound is the rule
}

// The textcnn starter at Kim's sizes.
std::string textcnn() {
  return R"(program @textcnn optimizer="adam" {
  symbol B <= 50
  symbol T <= 20000
  input %ids : i32[T]
  input %offsets : i32[B+1 -> T]
  input %labels : i32[B]
  state %seed : i32[]
  state %step : i32[]
  param %e : f32[20000, 300]
  param %w3 : f32[3, 300, 100]
  param %b3 : f32[100]
  param %w4 : f32[4, 300, 100]
  param %b4 : f32[100]
  param %w5 : f32[5, 300, 100]
  param %b5 : f32[100]
  param %w : f32[300, 2] max_norm=3.0
  param %b : f32[2]
  %x = embedding(%ids, %e)
  %1 = conv1d(%x, %w3, %offsets, %offsets)
  %2 = bias_add(%1, %b3)
  %3 = relu(%2)
  %p3, %where3 = max_pool(%3, %offsets)
  %4 = conv1d(%x, %w4, %offsets, %offsets)
  %5 = bias_add(%4, %b4)
  %6 = relu(%5)
  %p4, %where4 = max_pool(%6, %offsets)
  %7 = conv1d(%x, %w5, %offsets, %offsets)
  %8 = bias_add(%7, %b5)
  %9 = relu(%8)
  %p5, %where5 = max_pool(%9, %offsets)
  %all = concat(%p3, %p4, %p5)
  %d = dropout(%all, %seed, %step) rate=0.5 stream=1
  %10 = matmul(%d, %w)
  %logits = bias_add(%10, %b)
  %loss, %p = cross_entropy(%logits, %labels)
  %probabilities = softmax(%logits)
  return %loss, %logits, %probabilities
})";
}

TEST_CASE("the arenas of textcnn are within 5 % of the lower bound") {
  const Graph forward = parse_one(textcnn());
  for (const Compiled& compiled : {compile_predict(forward), compile_train(forward)}) {
    const Graph& graph = compiled.program;
    CAPTURE(graph.name);
    TaggedMemory(graph).run();
    const std::int64_t bound = max_live_bytes(graph);
    CHECK(graph.arena_bytes >= bound);
    CHECK(graph.arena_bytes * 100 <= bound * 105);
    CHECK(compiled.notes.back().starts_with(
        fmt::format("plan-memory: @{} needs an arena of {} bytes", graph.name, graph.arena_bytes)));
  }
}

TEST_CASE("only an optional output that nobody reads may be without a place") {
  const std::string head =
      "program @p {\n symbol B <= 4\n symbol T <= 9\n input %x : f32[T, 3]\n"
      " input %from : i32[B+1 -> T]\n %y, %where = max_pool(%x, %from)\n";
  const auto place = [](const Graph& graph, const char* name) {
    return graph.find_value(name)->storage.has_value();
  };
  const Graph unread = plan(parse_one(head + " return %y\n}"));
  CHECK(!place(unread, "where"));
  CHECK(place(unread, "y"));
  CHECK_NOTHROW(verify(unread));
  for (const char* reader :
       {" return %y, %where\n}", " %dx = max_pool_grad(%y, %where, %from)\n return %dx\n}"}) {
    Graph read = plan(parse_one(head + reader));
    REQUIRE(place(read, "where"));
    CHECK_NOTHROW(verify(read));
    read[*read.find("where")].storage.reset();
    CHECK_THROWS_WITH_AS(verify(read), doctest::Contains("%where has no storage"), Error);
    Memory none({}, Access::owned);
    CHECK_THROWS_WITH_AS(Executor(read, none, 1), doctest::Contains("%where has no storage"),
                         Error);
  }
}

TEST_CASE("a part that does not belong where it is stored is refused") {
  const auto refuses = [](const std::string& nodes) {
    const std::string head =
        "program @p {\n symbol B <= 4\n symbol T <= 9\n input %x : f32[T, 3]\n"
        " input %from : i32[B+1 -> T]\n";
    try {
      verify(parse_one(head + nodes + "\n}"));
      return std::string();
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  const std::string a = " %a = mean_pool(%x, %from) : f32[B, 3] in %y+";
  const std::string b = " %b = mean_pool(%x, %from) : f32[B, 3] in %y+";
  const std::string y = " %y = concat(%a, %b)\n return %y";
  CHECK(refuses(a + "0\n" + b + "3\n" + y).empty());
  const std::string no_row_stride =
      " %c = mean_pool(%x, %from)\n %a = relu(%c) : f32[B, 3] in %y+0\n"
      " %y = concat(%a, %c)\n return %y";
  const std::string no_part = ", where it is no part of it";
  for (const std::string& bad : std::vector<std::string>{
           a + "3\n" + b + "0\n" + y,           // the other's columns
           a + "-3\n" + b + "3\n" + y,          // before the first
           a + "0\n" + b + "3\n" + y + ", %a",  // a result
           a + "0\n" + b + "3\n %y = concat(%a, %b)\n %z = relu(%a)\n return %y, %z",
           a + "0\n" + b + "3\n %y = concat(%a, %b, %a)\n return %y",  // twice
           a + "0\n" + b + "3\n %c = concat(%a, %b)\n %y = relu(%c)\n return %y",
           a + "0\n %b = mean_pool(%x, %from)\n %y = add(%a, %b)\n return %y",
           no_row_stride,

       }) {
    CAPTURE(bad);
    CHECK(refuses(bad).find(no_part) != std::string::npos);
  }
  CHECK(refuses(" %a = mean_pool(%x, %from) : f32[B, 3] in %nowhere+0\n return %a")
            .find("%nowhere is not defined in this program") != std::string::npos);
}

TEST_CASE("training updates params and optimizer state in their own places") {
  const Graph train = compile_train(parse_one(textcnn())).program;
  for (const Write& write : train.writes) {
    const std::string& name = train[write.target].name;
    if (name == "step") continue;  // dropout's gradient reads the old count after the new is made
    CAPTURE(name);
    CHECK(train[write.source].storage->base == write.target);
  }
}

TEST_CASE("buffers are placed apart, at the bound where that is easy") {
  for (std::uint64_t seed = 0; seed < rounds(60); ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::vector<Buffer> buffers(static_cast<std::size_t>(random.below(40)));
    for (Buffer& buffer : buffers) {
      buffer.bytes = 64 * random.below(20);
      buffer.first = static_cast<std::size_t>(random.below(30));
      buffer.last = buffer.first + static_cast<std::size_t>(random.below(10));
    }
    const std::int64_t arena = place_buffers(buffers);
    CHECK(arena >= peak_bytes(buffers));
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      const Buffer& a = buffers[i];
      CHECK((a.offset >= 0 && a.offset % 64 == 0 && a.offset + a.bytes <= arena));
      for (std::size_t j = 0; j < i; ++j) {
        const Buffer& b = buffers[j];
        const bool in_time = a.last < b.first || b.last < a.first;
        const bool in_space = a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
        CHECK((in_time || in_space));
      }
    }
  }
  // By size alone, 3 takes the bottom and 2, 2 cannot both lie low; the search finds 5.
  std::vector<Buffer> tricky = {{64, 0, 1}, {128, 1, 2}, {192, 2, 3}, {128, 3, 4}, {64, 0, 0}};
  CHECK(place_buffers(tricky) == peak_bytes(tricky));
  std::vector<Buffer> none;
  CHECK(place_buffers(none) == 0);
}

}  // namespace
}  // namespace weft
