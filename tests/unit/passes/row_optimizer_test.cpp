// The row-wise optimizers: equal to the dense ones once all rows are brought up to date, in double
// and in float, whatever rows the batches use and however the rate moves.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ir/missed_steps.h"
#include "ir/ops/ops.h"
#include "ir/ops/train/optimizer.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "passes/flush.h"
#include "passes/pass.h"
#include "tests/support/bound_program.h"
#include "tests/support/random_graph.h"
#include "tests/support/sample.h"

namespace weft {
namespace {

constexpr std::int64_t kWords = 14, kWidth = 3;
constexpr const char* kDense = "autodiff,optimizer-step,dce,plan-memory";
constexpr const char* kRows =
    "dedup-tokens,autodiff,optimizer-step,row-sparse-optimizer,dce,plan-memory";

Graph compile(const std::string& optimizer, const char* passes,
              std::vector<std::string>* notes = nullptr) {
  const Graph forward = parse_one(fmt::format(R"(program @train {} {{
    symbol T <= 16
    input %ids : i32[T]
    input %goal : f32[T, {}]
    param %e : f32[{}, {}]
    %x = embedding(%ids, %e)
    %d = sub(%x, %goal)
    %s = mul(%d, %d)
    %loss = reduce_mean(%s) axes=[0, 1]
    return %loss
  }})",
                                              optimizer, kWidth, kWords, kWidth));
  PassContext context{notes};
  return run_passes(forward, parse_passes(passes), context);
}

bool is_row_step(const Node& node) {
  return std::ranges::any_of(all_ops(), [&](const OpDef* op) { return op->row_form == node.op; });
}

// What persists, as a new plan has it: a table, and zeros.
Bindings fresh(const Graph& graph) {
  Bindings bindings;
  for (const Value& value : graph.values) {
    if (value.role != Role::param && value.role != Role::state) continue;
    Extents shape;
    for (const Dim& dim : value.type.shape) shape.push_back(dim.value);
    bindings[value.name] = value.name == "e" ? wave(shape, 0.7) : Tensor(shape);
  }
  return rounded(bindings);
}

using RateOf = double (*)(int step);
double constant(int) { return 0.02; }
double warm_up_and_fall(int step) {
  return 0.03 * std::min(1.0, step / 20.0) / std::sqrt(1 + step);
}

// Frequent and rare words; words 12 and 13 never; some batches hold a word several times.
Bindings batch(int step, RateOf rate, bool reversed = false) {
  const RandomKey key = random_key(7, step, 0);
  const std::int64_t tokens = 1 + random_bits(key, 99) % 6;
  Bindings bindings{{"ids", Tensor({tokens})}, {"goal", Tensor({tokens, kWidth})}};
  for (std::int64_t t = 0; t < tokens; ++t) {
    const std::int64_t to = reversed ? tokens - 1 - t : t;
    const double draw = random_uniform(key, static_cast<std::uint32_t>(t));
    bindings["ids"].data[static_cast<std::size_t>(to)] = std::floor(12 * draw * draw * draw);
    for (std::int64_t d = 0; d < kWidth; ++d) {
      bindings["goal"].data[static_cast<std::size_t>(to * kWidth + d)] =
          random_uniform(key, static_cast<std::uint32_t>(1000 + t * kWidth + d));
    }
  }
  bindings["rate"] = Tensor({}, rate(step));
  return rounded(bindings);
}

// Runs `steps` training steps, each from what the last has written; returns the losses.
std::vector<double> interpret_steps(const Graph& graph, Bindings& state, int steps, RateOf rate) {
  std::vector<double> losses;
  for (int step = 1; step <= steps; ++step) {
    Bindings given = state;
    given.merge(batch(step, rate));
    Interpretation done = interpret(graph, given);
    losses.push_back(done.results[0].data[0]);
    for (auto& [name, tensor] : done.writes) state[name] = std::move(tensor);
  }
  return losses;
}

void interpret_flush(const Graph& train, Bindings& state) {
  const auto flush = make_flush_program(train);
  if (!flush) return;
  for (auto& [name, tensor] : interpret(*flush, state).writes) state[name] = tensor;
}

double largest_difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape == b.shape);
  double max = 0;
  for (std::size_t i = 0; i < a.data.size(); ++i) {
    max = std::max(max, std::abs(a.data[i] - b.data[i]));
  }
  return max;
}

struct Setting {
  std::string optimizer;
  double tolerance;
};

const std::vector<Setting> kSpecialSettings{
    {"optimizer=\"sgd\" momentum=0.9", 1e-14},
    {"optimizer=\"sgd\" momentum=0.8 weight_decay=0.3", 1e-14},
    {"optimizer=\"sgd\" momentum=0.9 nesterov=1", 1e-14},
    {"optimizer=\"sgd\" momentum=0.9 nesterov=1 weight_decay=0.3", 1e-14},
    {"optimizer=\"adam\" beta1=0.5 beta2=0.9", 1e-14},
    {"optimizer=\"adam\" beta1=0.0 beta2=0.99", 1e-14},
    {"optimizer=\"adam\" beta1=0.99 beta2=0.999", 1e-14},
    {"optimizer=\"adam\" epsilon=0.001", 5e-6},
};

// Every optimizer as it is by default, and with weight decay where that can be made up for; then
// settings with a meaning of their own.
std::vector<Setting> settings() {
  std::vector<Setting> all;
  for (const OpDef* op : all_ops()) {
    if (op->optimizer.empty()) continue;
    for (const double decay : {0.0, 0.3}) {
      Attrs attrs;
      for (const AttrDef& def : op->attrs) attrs.emplace(def.name, *def.default_value);
      attrs["weight_decay"] = decay;
      const bool closed =
          op->missed_steps == nullptr || op->missed_steps(attrs).no_closed_form.empty();
      if (!closed) continue;
      all.push_back({fmt::format("optimizer=\"{}\" weight_decay={}", op->optimizer, decay), 1e-14});
    }
  }
  all.insert(all.end(), kSpecialSettings.begin(), kSpecialSettings.end());
  return all;
}

TEST_CASE("row by row and then flushed is dense, in double") {
  for (const Setting& setting : settings()) {
    CAPTURE(setting.optimizer);
    std::vector<std::string> notes;
    const Graph dense = compile(setting.optimizer, kDense);
    const Graph rows = compile(setting.optimizer, kRows, &notes);
    CHECK(notes.at(0).find("touches at most") != std::string::npos);
    CHECK(std::ranges::any_of(rows.nodes, is_row_step));
    for (const RateOf rate : {constant, warm_up_and_fall}) {
      Bindings wanted = fresh(dense), found = fresh(rows);
      const auto wanted_losses = interpret_steps(dense, wanted, 120, rate);
      const auto found_losses = interpret_steps(rows, found, 120, rate);
      for (std::size_t i = 0; i < wanted_losses.size(); ++i) {
        CHECK(std::abs(found_losses[i] - wanted_losses[i]) <= setting.tolerance);
      }
      interpret_flush(rows, found);
      for (const auto& one : wanted) {
        const auto& name = one.first;
        const auto& tensor = one.second;
        CAPTURE(name);
        CHECK(largest_difference(found.at(name), tensor) <= setting.tolerance);
      }
      const Bindings once = found;
      interpret_flush(rows, found);
      for (const auto& [name, tensor] : once) CHECK(found.at(name).data == tensor.data);
    }
  }
}

TEST_CASE("training goes on after a flush, and beyond the history of rates") {
  const std::string optimizer = "optimizer=\"adamw\" weight_decay=0.3";
  const Graph dense = compile(optimizer, kDense), rows = compile(optimizer, kRows);
  Bindings wanted = fresh(dense), found = fresh(rows);
  const int steps = static_cast<int>(kRateHistory) + 60;
  interpret_steps(dense, wanted, steps, warm_up_and_fall);
  interpret_steps(rows, found, steps, warm_up_and_fall);
  CHECK(*std::ranges::min_element(found.at("e.last").data) == kRateHistory);
  interpret_flush(rows, found);
  interpret_steps(dense, wanted, 30, constant);
  interpret_steps(rows, found, 30, constant);
  interpret_flush(rows, found);
  for (const auto& one : wanted) {
    const auto& name = one.first;
    const auto& tensor = one.second;
    CAPTURE(name);
    CHECK(largest_difference(found.at(name), tensor) <= 1e-11);
  }
}

// What a random program is given, and zeros for what training adds.
Bindings training_inputs(const Graph& graph, Bindings given) {
  for (const Value& value : graph.values) {
    if (value.role == Role::computed || given.contains(value.name)) continue;
    Extents shape;
    for (const Dim& dim : value.type.shape) shape.push_back(dim.value);
    given[value.name] = Tensor(shape, value.name == "rate" ? 0.01 : 0.0);
  }
  return given;
}

TEST_CASE("random programs train the same row by row") {
  const char* optimizers[] = {"sgd", "adam", "adamw", "adadelta", "adagrad"};
  int by_rows = 0;
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    CAPTURE(seed);
    RandomProgram random = random_program(seed);
    random.graph.attrs["optimizer"] = std::string(optimizers[seed % 5]);
    if (seed % 8 == 0) random.graph.attrs["momentum"] = 0.9;
    if (seed % 4 == 2) random.graph.attrs["weight_decay"] = 0.1;
    PassContext context;
    const Graph dense = run_passes(random.graph, parse_passes("autodiff,optimizer-step"), context);
    const Graph rows = run_passes(
        random.graph,
        parse_passes("dedup-tokens,simplify,autodiff,optimizer-step,row-sparse-optimizer,fold,"
                     "simplify,fuse-conv1d-bias-relu,cse,dce,plan-memory"),
        context);
    by_rows += std::ranges::any_of(rows.nodes, is_row_step);
    Bindings wanted = training_inputs(dense, random.given);
    Bindings found = training_inputs(rows, random.given);
    for (int step = 0; step < 4; ++step) {
      // Every other step a batch of one word alone: other rows miss it.
      for (Bindings* state : {&wanted, &found}) {
        for (double& id : (*state)["ids"].data) id = step % 2 == 1 ? 0.0 : id;
        if (step % 2 == 0 && random.given.contains("ids")) (*state)["ids"] = random.given["ids"];
      }
      for (const auto& [graph, state] : {std::pair(&dense, &wanted), std::pair(&rows, &found)}) {
        for (auto& [name, tensor] : interpret(*graph, *state).writes) (*state)[name] = tensor;
      }
    }
    interpret_flush(rows, found);
    for (const Write& write : dense.writes) {
      const std::string& name = dense[write.target].name;
      CAPTURE(name);
      const Tensor &expected = wanted.at(name), &tensor = found.at(name);
      REQUIRE(tensor.shape == expected.shape);
      for (std::size_t i = 0; i < expected.data.size(); ++i) {
        const double error = std::abs(tensor.data[i] - expected.data[i]);
        REQUIRE(error <= 1e-7 * (1.0 + std::abs(expected.data[i])));
      }
    }
  }
  CHECK(by_rows > 10);
}

Tensor read(const BoundProgram& program, std::string_view name) {
  for (const PlanTensor& tensor : const_cast<BoundProgram&>(program).memory().tensors()) {
    if (tensor.name != name) continue;
    Extents shape;
    for (const Dim& dim : tensor.type.shape) shape.push_back(dim.value);
    Tensor values(shape);
    for (std::size_t i = 0; i < values.data.size(); ++i) {
      float real = 0;
      std::int32_t whole = 0;
      std::memcpy(&real, tensor.bytes.data() + 4 * i, 4);
      std::memcpy(&whole, tensor.bytes.data() + 4 * i, 4);
      values.data[i] = tensor.type.dtype == DType::f32 ? static_cast<double>(real) : whole;
    }
    return values;
  }
  FAIL("no tensor of that name");
  return {};
}

// The table after so many steps by the kernels, all rows up to date.
Tensor train_in_float(const Graph& train, int steps, RateOf rate, bool reversed = false) {
  BoundProgram program(train, fresh(train), 1);
  for (int step = 1; step <= steps; ++step) program.run(batch(step, rate, reversed));
  if (const auto flush = make_flush_program(train)) {
    Executor executor(*flush, program.memory(), 1);
    executor.run(std::span<const SymbolExtent>{});
  }
  return read(program, "e");
}

TEST_CASE("in float, row by row is as close to the exact result as dense is") {
  for (const Setting& setting : settings()) {
    if (setting.tolerance > 1e-6) continue;
    CAPTURE(setting.optimizer);
    constexpr int kSteps = 1000;
    const Graph dense = compile(setting.optimizer, kDense);
    const Graph rows = compile(setting.optimizer, kRows);
    Bindings exact = fresh(dense);
    interpret_steps(dense, exact, kSteps, warm_up_and_fall);
    const Tensor by_rows = train_in_float(rows, kSteps, warm_up_and_fall);
    const Tensor densely = train_in_float(dense, kSteps, warm_up_and_fall);
    const Tensor reversed = train_in_float(dense, kSteps, warm_up_and_fall, true);
    const double noise = largest_difference(densely, exact.at("e"));
    const double error = largest_difference(by_rows, exact.at("e"));
    MESSAGE(setting.optimizer, ": from the exact table: rows ", error, ", dense ", noise,
            "; from dense: rows ", largest_difference(by_rows, densely), ", dense reordered ",
            largest_difference(reversed, densely));
    CHECK(error <= 2 * noise + 1e-7);
  }
}

TEST_CASE("the rewritten program computes in the params' own places") {
  for (const Setting& setting : settings()) {
    CAPTURE(setting.optimizer);
    const Graph rows = compile(setting.optimizer, kRows);
    for (const Node& node : rows.nodes) {
      if (!is_row_step(node) && !has_port(*node.op, OperandRole::last_step)) continue;
      for (const ValueId id : node.outputs) CHECK(rows[id].is_in(Storage::Kind::persistent));
    }
    if (const auto flush = make_flush_program(rows)) {
      CHECK(flush->arena_bytes == 0);
      CHECK(print(parse_one(print(*flush))) == print(*flush));
      verify(*flush);
    }
  }
}

TEST_CASE("a lazy optimizer leaves rows without a gradient alone") {
  const Graph lazy = compile("optimizer=\"lazy_adam\"", kRows);
  CHECK(!make_flush_program(lazy));
  Bindings state = fresh(lazy);
  const Bindings before = state;
  interpret_steps(lazy, state, 1, constant);
  const Bindings used = batch(1, constant);
  for (std::int64_t row = 0; row < kWords; ++row) {
    const auto& ids = used.at("ids").data;
    const bool touched = std::ranges::find(ids, static_cast<double>(row)) != ids.end();
    const auto at = static_cast<std::size_t>(row * kWidth);
    CHECK((state.at("e").data[at] != before.at("e").data[at]) == touched);
  }
  const Graph momentum = compile("optimizer=\"lazy_sgd\" momentum=0.9", kRows);
  CHECK(std::ranges::any_of(momentum.nodes,
                            [](const Node& node) { return node.op == &ops::row_momentum_sgd; }));
}

TEST_CASE("row-sparse-optimizer declines with a note") {
  const auto note_of = [](const std::string& optimizer, const char* passes = kRows) {
    std::vector<std::string> notes;
    compile(optimizer, passes, &notes);
    return notes.at(0);
  };
  const auto contains = [](const std::string& text, std::string_view part) {
    CHECK_MESSAGE(text.find(part) != std::string::npos, text);
  };
  contains(note_of("optimizer=\"adam\" weight_decay=0.1"),
           "row-sparse-optimizer: not applied to %e: the weight_decay of adam");
  contains(note_of("optimizer=\"adadelta\" weight_decay=0.1"), "the weight_decay of adadelta");
  contains(note_of("optimizer=\"adam\" beta1=0.99 beta2=0.9"), "beta1 <= beta2");
  contains(note_of("optimizer=\"adam\" beta1=0.0 beta2=0.0"), "beta2 > 0");
  contains(note_of("optimizer=\"adam\"", "autodiff,optimizer-step,row-sparse-optimizer"),
           "ids that may repeat");
}

}  // namespace
}  // namespace weft
