// Grows a program layer by layer from a pool of values, drawing the next layer at random.
#include "tests/support/random_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "ir/ops/ops.h"
#include "ir/random.h"

namespace weft {

std::uint64_t Random::bits() { return mix64(state_ += 0x9E3779B97F4A7C15U); }

std::int64_t Random::below(std::int64_t limit) {
  return static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(limit));
}

double Random::uniform(double low, double high) {
  return low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1p-53);
}

namespace {

constexpr std::int64_t kVocabulary = 7, kClasses = 3, kMaxExamples = 6, kMaxTokens = 40;

// A packed sequence: rows and where the examples begin.
struct Sequence {
  ValueId x, offsets;
};

class Grower {
 public:
  Grower(std::uint64_t seed, bool inference) : random_(seed), inference_(inference) {}

  RandomProgram run() && {
    declare_inputs();
    grow_sequences();
    grow_examples();
    finish();
    bind_rest();
    return std::move(program_);
  }

 private:
  Graph& graph() { return program_.graph; }
  const Shape& shape(ValueId id) { return graph()[id].type.shape; }
  std::int64_t width(ValueId id) { return shape(id).back().value; }
  template <class T>
  const T& pick(const std::vector<T>& pool) {
    return pool[static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(pool.size())))];
  }
  ValueId add(const OpDef& op, std::vector<ValueId> inputs, Attrs attrs = {}) {
    return graph().add(op, std::move(inputs), std::move(attrs), {++line_, 1});
  }
  ValueId param(Shape of, Attrs attrs = {}) {
    return graph().declare(Role::param, fmt::format("p{}", params_++),
                           {DType::f32, std::move(of), {}}, std::move(attrs));
  }
  ValueId constant(std::int64_t columns, double value) {
    return add(ops::constant, {}, {{"shape", std::vector{columns}}, {"value", std::vector{value}}});
  }

  void declare_inputs() {
    graph().name = "random";
    graph().symbol("B", kMaxExamples);
    graph().symbol("T", kMaxTokens);
    ids_ = graph().declare(Role::input, "ids", {DType::i32, {Dim("T")}, {}});
    offsets_ = graph().declare(Role::input, "offsets", {DType::i32, {Dim("B", 1)}, "T"});
    seed_ = graph().declare(Role::state, "seed", {DType::i32, {}, {}});
    step_ = graph().declare(Role::state, "step", {DType::i32, {}, {}});

    std::vector<double> ends = {0.0};
    for (std::int64_t b = 1 + random_.below(kMaxExamples); b > 0; --b) {
      ends.push_back(ends.back() + static_cast<double>(random_.below(7)));
    }
    Tensor ids({static_cast<std::int64_t>(ends.back())});
    for (double& id : ids.data) id = static_cast<double>(random_.below(kVocabulary));
    Tensor offsets({static_cast<std::int64_t>(ends.size())});
    offsets.data = std::move(ends);
    examples_ = offsets.size() - 1;
    program_.given["ids"] = std::move(ids);
    program_.given["offsets"] = std::move(offsets);
    program_.given["seed"] = Tensor({}, 11.0);
    program_.given["step"] = Tensor({}, 3.0);
  }

  // One or two tables, the second sometimes frozen, then layers over sequences.
  void grow_sequences() {
    const std::int64_t tables = 1 + random_.below(2);
    for (std::int64_t i = 0; i < tables; ++i) {
      Attrs attrs;
      if (i == 1 && random_.chance(0.5)) attrs["frozen"] = std::int64_t{1};
      const ValueId table = param({kVocabulary, 1 + random_.below(3)}, std::move(attrs));
      sequences_.push_back({add(ops::embedding, {ids_, table}), offsets_});
    }
    for (std::int64_t layers = 2 + random_.below(5); layers > 0; --layers) {
      const Sequence from = pick(sequences_);
      switch (random_.below(4)) {
        case 0:
          sequences_.push_back(convolution(from));
          break;
        case 1:
          sequences_.push_back(local_pool(from));
          break;
        case 2:
          sequences_.push_back({join(from, pick(sequences_)), from.offsets});
          break;
        default:
          sequences_.push_back({rowwise(from.x), from.offsets});
      }
    }
  }

  // Offsets of the windows, and the attributes that say which.
  std::pair<ValueId, Attrs> windows(ValueId offsets, std::int64_t size, bool may_dilate) {
    Attrs attrs = {{"padding", pick(std::vector<std::string>{"valid", "same", "causal"})}};
    attrs["stride"] = 1 + random_.below(2);
    if (may_dilate) attrs["dilation"] = 1 + random_.below(2);
    Attrs node = attrs;
    node["size"] = size;
    const bool valid = string_attr(attrs, "padding") == "valid" && size > 1;
    if (int_attr(attrs, "stride") == 1 && !valid) return {offsets, attrs};
    return {add(ops::window_offsets, {offsets}, node), attrs};
  }

  Sequence convolution(Sequence from) {
    const std::int64_t kernel = 1 + random_.below(4), channels = 1 + random_.below(3);
    const auto [to, attrs] = windows(from.offsets, kernel, true);
    const ValueId w = param({kernel, width(from.x), channels});
    const bool with_bias = random_.chance(0.3);
    const ValueId bias = with_bias ? param({channels}) : kNoValue;
    ValueId y = add(ops::conv1d, {from.x, w, from.offsets, to, bias}, attrs);
    if (!with_bias && random_.chance(0.7)) y = add(ops::bias_add, {y, param({channels})});
    if (random_.chance(0.7)) y = activation(y);
    return {y, to};
  }

  Sequence local_pool(Sequence from) {
    const std::int64_t size = 1 + random_.below(3);
    auto [to, attrs] = windows(from.offsets, size, false);
    attrs["size"] = size;
    const OpDef& op = random_.chance(0.5) ? ops::local_max_pool : ops::local_mean_pool;
    return {add(op, {from.x, from.offsets, to}, attrs), to};
  }

  // Two values of the same rows beside each other, or one with itself.
  ValueId join(Sequence a, Sequence b) {
    const bool same_rows = shape(a.x)[0] == shape(b.x)[0];
    const ValueId other = same_rows ? b.x : a.x;
    if (width(a.x) != width(other)) return add(ops::concat, {a.x, other});
    const OpDef* op =
        pick(std::vector<const OpDef*>{&ops::add, &ops::sub, &ops::mul, &ops::concat});
    return add(*op, {a.x, other});
  }

  ValueId activation(ValueId x) {
    switch (random_.below(6)) {
      case 0:
        return add(ops::tanh, {x});
      case 1:
        return add(ops::sigmoid, {x});
      case 2:
        return add(ops::gelu, {x});
      case 3:
        return add(ops::gelu, {x}, {{"approximate", std::string("tanh")}});
      case 4:
        return add(ops::elu, {x}, {{"alpha", random_.chance(0.5) ? 1.0 : 0.5}});
      default:
        return add(ops::relu, {x});
    }
  }

  ValueId dropout(ValueId x) {
    const double rate = random_.chance(0.3) ? 0.0 : 0.4;
    const std::int64_t stream = streams_++;
    if (inference_) return x;
    return add(ops::dropout, {x, seed_, step_}, {{"rate", rate}, {"stream", stream}});
  }

  ValueId batch_norm(ValueId x) {
    const std::int64_t columns = width(x);
    const ValueId gamma = param({columns}), beta = param({columns});
    const std::string name = fmt::format("norm{}", norms_++);
    const TensorType type = {DType::f32, {columns}, {}};
    const ValueId mean = graph().declare(Role::state, name + ".mean", type);
    const ValueId variance = graph().declare(Role::state, name + ".var", type);
    const std::vector<ValueId> operands = {x, gamma, beta, mean, variance};
    if (inference_) return add(ops::batch_norm_inference, operands);
    const auto outputs = graph().append(ops::batch_norm, operands, {}, {++line_, 1});
    graph().writes.push_back({mean, outputs[3]});
    graph().writes.push_back({variance, outputs[4]});
    return outputs[0];
  }

  // A layer that keeps rows apart, of any row count; some do nothing, which simplify should see.
  ValueId rowwise(ValueId x) {
    const std::int64_t columns = width(x);
    switch (random_.below(11)) {
      case 0:
        return add(ops::layer_norm, {x, param({columns}), param({columns})});
      case 1:
        return dropout(x);
      case 2:
        return add(ops::bias_add, {x, constant(columns, random_.chance(0.5) ? 0.0 : 0.25)});
      case 3:
        return add(ops::scale, {x}, {{"factor", random_.chance(0.5) ? 1.0 : -1.5}});
      case 4:
        return add(ops::add, {activation(x), x});
      case 5:
        return add(ops::concat, {x});
      case 6: {
        const ValueId folded = add(ops::relu, {constant(columns, 0.5)});
        return add(ops::bias_add, {x, folded});
      }
      case 7: {
        const ValueId cube =
            add(ops::reshape, {x}, {{"shape", std::vector<std::int64_t>{columns, 1}}});
        return add(ops::reshape, {cube}, {{"shape", std::vector<std::int64_t>{columns}}});
      }
      case 8: {
        const ValueId first = add(ops::tanh, {x});
        return add(ops::mul, {first, add(ops::tanh, {x})});
      }
      case 9:
        return add(
            ops::slice, {x},
            {{"axis", std::int64_t{1}}, {"begin", random_.below(columns)}, {"end", columns}});
      default:
        return activation(x);
    }
  }

  void grow_examples() {
    for (std::int64_t pools = 1 + random_.below(3); pools > 0; --pools) {
      const Sequence from = pools == 1 ? sequences_.back() : pick(sequences_);
      const OpDef& op = random_.chance(0.7) ? ops::max_pool : ops::mean_pool;
      examples_pool_.push_back(add(op, {from.x, from.offsets}));
    }
    for (std::int64_t layers = 1 + random_.below(4); layers > 0; --layers) {
      const ValueId x = pick(examples_pool_);
      switch (random_.below(4)) {
        case 0:
          examples_pool_.push_back(dense(x, 1 + random_.below(4)));
          break;
        case 1:
          examples_pool_.push_back(examples_ > 2 ? batch_norm(x) : dropout(x));
          break;
        default:
          examples_pool_.push_back(rowwise(x));
      }
    }
  }

  ValueId dense(ValueId x, std::int64_t columns) {
    const ValueId y = random_.chance(0.3) ? add(ops::matmul, {x, param({columns, width(x)})},
                                                {{"transpose_b", std::int64_t{1}}})
                                          : add(ops::matmul, {x, param({width(x), columns})});
    const ValueId biased = random_.chance(0.7) ? add(ops::bias_add, {y, param({columns})}) : y;
    return random_.chance(0.6) ? activation(biased) : biased;
  }

  void finish() {
    const ValueId all =
        examples_pool_.size() == 1 ? examples_pool_[0] : add(ops::concat, examples_pool_);
    const ValueId w = param({width(all), kClasses}), b = param({kClasses});
    const ValueId product = add(ops::matmul, {dropout(all), w});
    const ValueId logits = graph().add(ops::bias_add, {product, b}, {}, {++line_, 1}, "logits");
    const bool binary = random_.chance(0.3);
    ValueId loss;
    if (binary) {
      const TensorType type = {DType::f32, {Dim("B"), kClasses}, {}};
      const ValueId targets = graph().declare(Role::input, "targets", type);
      Tensor wanted({examples_, kClasses});
      for (double& x : wanted.data) x = random_.chance(0.5) ? 1.0 : 0.0;
      program_.given["targets"] = std::move(wanted);
      loss = graph().add(ops::binary_cross_entropy, {logits, targets}, {}, {++line_, 1}, "loss");
    } else {
      const ValueId labels = graph().declare(Role::input, "labels", {DType::i32, {Dim("B")}, {}});
      Tensor wanted({examples_});
      for (double& x : wanted.data) x = static_cast<double>(random_.below(kClasses));
      program_.given["labels"] = std::move(wanted);
      loss = graph().add(ops::cross_entropy, {logits, labels}, {{"label_smoothing", 0.1}},
                         {++line_, 1}, "loss");
    }
    const ValueId probabilities = graph().add(binary ? ops::sigmoid : ops::softmax, {logits}, {},
                                              {++line_, 1}, "probabilities");
    graph().results = {loss, logits, probabilities};
  }

  void bind_rest() {
    for (const Value& value : graph().values) {
      if (value.role == Role::computed || program_.given.contains(value.name)) continue;
      Extents extents;
      for (const Dim& dim : value.type.shape) extents.push_back(dim.value);
      Tensor tensor(std::move(extents));
      // By name, so that the program's two forms get the same weights; variances are positive.
      std::uint64_t hash = 5;
      for (const char c : value.name) hash = mix64(hash + static_cast<unsigned char>(c));
      Random random(hash);
      const double low = value.name.ends_with(".var") ? 0.5 : -1.0;
      for (double& x : tensor.data) x = random.uniform(low, 1.0);
      program_.given[value.name] = std::move(tensor);
    }
  }

  RandomProgram program_;
  Random random_;
  bool inference_;
  ValueId ids_{}, offsets_{}, seed_{}, step_{};
  std::int64_t examples_ = 0, params_ = 0, streams_ = 0, norms_ = 0;
  std::uint32_t line_ = 0;
  std::vector<Sequence> sequences_;
  std::vector<ValueId> examples_pool_;
};

}  // namespace

RandomProgram random_program(std::uint64_t seed, bool inference) {
  return Grower(seed, inference).run();
}

}  // namespace weft
