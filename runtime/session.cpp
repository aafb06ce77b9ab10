// Cuts requests to the program's capacities, runs them, gathers results.
#include "runtime/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "ir/finite.h"
#include "ir/plan/program_interface.h"
#include "runtime/batch_program.h"
#include "runtime/resources/memory_use.h"
#include "runtime/resources/plan_copy.h"
#include "runtime/resources/threads.h"
#include "runtime/session_model.h"
#include "runtime/temperature.h"

namespace weft {

void Predictions::clear() {
  labels_.clear();
  probabilities_.clear();
  logits_.clear();
}

Session Session::load(const std::string& path, SessionOptions options) {
  return Session(load_plan(path), options);
}

// Error if the plan takes more memory than is allowed.
Plan Session::within(Plan plan, const SessionOptions& options) {
  if (options.max_memory == 0) return plan;
  const double needed = memory_of(plan.programs, {.predicts_only = !options.train});
  if (needed <= static_cast<double>(options.max_memory)) return plan;
  throw Error(fmt::format("the plan takes {:.1f} MB of memory, and {:.1f} MB are allowed",
                          needed / 1e6, static_cast<double>(options.max_memory) / 1e6),
              "raise the limit if you trust the plan");
}

Session::Session(Plan plan, SessionOptions options)
    : Session(std::make_shared<Model>(within(std::move(plan), options), options.train), options) {}

Session::Session(std::shared_ptr<Model> model, SessionOptions options)
    : model_(std::move(model)), options_(options) {
  options_.threads = threads_or_default(options_.threads);
  if (!model_->bound) model_->bind(options_.train, options_.threads);
  const Graph* predict = plan().program(programs::kPredict);
  if (predict == nullptr) {
    throw Error("the plan holds no program that predicts", "compile it again");
  }
  predict_ = std::make_unique<BatchProgram>(*predict, model_->memory, plan(), options_.threads);
  if (!options_.train) return;
  const Graph* train = plan().program(programs::kTrain);
  if (train == nullptr) {
    throw Error("the plan only predicts: it holds no training program",
                "train the plan that this one was made from; --predict-only, --fold and --deploy "
                "leave the program out, as does a model whose weights are all quantised");
  }
  train_ = std::make_unique<BatchProgram>(*train, model_->memory, plan(), options_.threads);
  if (train_->reads_rows()) bind_rows();
  stale_ = true;  // the plan may be what another session was training
}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

Session Session::sibling() const {
  if (options_.train) throw Error("a session that trains has no siblings", "load the plan again");
  return Session(model_, options_);
}

void Session::set_temperature(double temperature) {
  if (model_.use_count() > 1) {
    throw Error("a session that has siblings keeps its temperature",
                "calibrate it before it has siblings");
  }
  weft::set_temperature(model_->plan, temperature);
}

Executor* Session::predict_executor() { return predict_ ? &predict_->executor() : nullptr; }
Executor* Session::train_executor() { return train_ ? &train_->executor() : nullptr; }

const Plan& Session::plan() const { return model_->plan; }

double Session::learning_rate() const {
  double highest = 0;
  for (const HistoryEntry& entry : plan().history) highest = std::max(highest, entry.learning_rate);
  return highest;
}
const Encoder& Session::encoder() const { return *model_->encoder; }

// The ids of text i that count, checked, and their types.
TextIds Session::text_ids(const PackedIds& texts, std::size_t i) const {
  const std::int64_t begin = texts.offsets[i];
  const std::int64_t end = texts.offsets[i + 1];
  if (begin < 0 || end < begin || end > static_cast<std::int64_t>(texts.ids.size())) {
    throw Error(fmt::format("texts[{}] is ids {} to {} of {}", i, begin, end, texts.ids.size()),
                "offsets rise from 0 to the number of ids");
  }
  const auto length = static_cast<std::size_t>(std::min(end - begin, encoder().max_ids()));
  const auto ids = texts.ids.subspan(static_cast<std::size_t>(begin), length);
  const std::int64_t count = encoder().id_count();
  for (const std::int32_t id : ids) {
    if (id >= 0 && id < count) continue;
    throw Error(fmt::format("texts[{}] has the id {}, but the plan's vocabulary has ids 0 to {}", i,
                            id, count - 1),
                "give ids made with the plan's own vocabulary");
  }
  if (texts.types.empty() || !encoder().reads_pairs()) return {ids, {}};
  if (texts.types.size() != texts.ids.size()) {
    throw Error(
        fmt::format("there are {} ids, but types for {}", texts.ids.size(), texts.types.size()));
  }
  const auto types = texts.types.subspan(static_cast<std::size_t>(begin), length);
  const std::int64_t known = token_type_count(plan().text);
  for (const std::int32_t type : types) {
    if (type >= 0 && type < known) continue;
    throw Error(fmt::format("texts[{}] has the type {}, but the plan has types 0 to {}", i, type,
                            known - 1),
                "give types made with the plan's own encoder");
  }
  return {ids, types};
}

namespace {

// The place of the largest number, the first where several are equal; 0 where none is a number.
// Eight at a time: plans may have many labels.
std::int32_t place_of_largest(std::span<const float> row) {
  constexpr std::size_t kSide = 8;
  std::array<float, kSide> largest;
  largest.fill(-std::numeric_limits<float>::infinity());
  std::size_t i = 0;
  for (; i + kSide <= row.size(); i += kSide) {
    for (std::size_t k = 0; k < kSide; ++k) {
      largest[k] = row[i + k] > largest[k] ? row[i + k] : largest[k];
    }
  }
  for (; i < row.size(); ++i) largest[0] = row[i] > largest[0] ? row[i] : largest[0];
  const auto found = std::ranges::find(row, *std::ranges::max_element(largest));
  return found == row.end() ? 0 : static_cast<std::int32_t>(found - row.begin());
}

}  // namespace

NoNumber::NoNumber()
    : Error("the plan answers with what is no number: its training went wrong",
            "train it again from its description, at a lower learning rate") {}

void Session::run_chunk(BatchProgram& program, Predictions& out) {
  if (program.examples() == 0) return;
  program.run();
  const TensorView& logits = program.executor().result(programs::kLogits);
  const std::span<const float> p = program.executor().result(programs::kProbabilities).f32();
  const std::size_t classes = labels().size();
  const auto width = static_cast<std::size_t>(logits.shape.back());
  WEFT_CHECK(width == classes || (width == 1 && classes == 2));
  const std::size_t first = out.size();
  out.classes_ = classes;
  out.width_ = width;
  out.logits_.insert(out.logits_.end(), logits.f32().begin(), logits.f32().end());
  for (std::size_t i = 0; i < static_cast<std::size_t>(program.examples()); ++i) {
    const auto row = p.subspan(i * width, width);
    if (width != classes) {  // one number tells the second label from the first
      out.probabilities_.insert(out.probabilities_.end(), {1.0F - row[0], row[0]});
      out.labels_.push_back(row[0] > 0.5F ? 1 : 0);
      continue;
    }
    out.probabilities_.insert(out.probabilities_.end(), row.begin(), row.end());
    out.labels_.push_back(place_of_largest(row));
  }
  for (std::size_t i = first; i < out.size() && plan().temperature != 1; ++i) {
    apply_temperature(out.logits(i), plan().temperature, plan().task,
                      std::span(out.probabilities_).subspan(i * classes, classes));
  }
  program.clear();
  const auto numbers = [first](std::span<const float> rows, std::size_t columns) {
    return all_finite(std::as_bytes(rows.subspan(first * columns)));
  };
  if (!numbers(out.logits_, width) || !numbers(out.probabilities_, classes)) throw NoNumber();
}

// Puts a text into the chunk at hand, which is run first where there is no room left in it.
void Session::add_to_request(const TextIds& text, Predictions& out) {
  const auto capacity = static_cast<std::size_t>(predict_->max_tokens());
  const std::size_t length = std::min(text.ids.size(), capacity);
  if (!predict_->fits(length)) run_chunk(*predict_, out);
  predict_->add({text.ids.first(length), text.types.first(std::min(text.types.size(), length))});
}

namespace {

// Appends the ids of a text or a pair, and their types if the plan reads pairs.
void append_encoded(const Encoder& encoder, const TextInput& input, TokenBuffer& tokens,
                    std::vector<std::int32_t>& ids, std::vector<std::int32_t>& types) {
  const bool pairs = encoder.reads_pairs();
  if (input.pair && !pairs) {
    throw Error("the plan reads one text, but is given a pair",
                "train a model with `text pair=true`");
  }
  encoder.encode(input, tokens, {ids, nullptr, pairs ? &types : nullptr});
}

}  // namespace

void Session::append_ids(const TextInput& input) {
  append_encoded(encoder(), input, tokens_, ids_, types_);
}

void Session::encode_text(const TextInput& input, TokenBuffer& buffer,
                          std::vector<std::int32_t>& ids, std::vector<std::int32_t>& types) const {
  ids.clear();
  types.clear();
  append_encoded(encoder(), input, buffer, ids, types);
  const auto count = std::min(ids.size(), static_cast<std::size_t>(encoder().max_ids()));
  ids.resize(count);
  types.resize(std::min(types.size(), count));
}

template <class Texts>
void Session::predict_texts(const Texts& texts, Predictions& out) {
  flush();
  out.clear();
  predict_->clear();
  for (const auto& text : texts) {
    ids_.clear();
    types_.clear();
    append_ids(TextInput{text});
    add_to_request({ids_, types_}, out);
  }
  run_chunk(*predict_, out);
}

void Session::predict(std::span<const std::string_view> texts, Predictions& out) {
  predict_texts(texts, out);
}

void Session::predict(std::span<const TextInput> texts, Predictions& out) {
  predict_texts(texts, out);
}

void Session::predict_ids(const PackedIds& texts, Predictions& out) {
  flush();
  out.clear();
  predict_->clear();
  for (std::size_t i = 0; i < texts.size(); ++i) add_to_request(text_ids(texts, i), out);
  run_chunk(*predict_, out);
}

Session::Capacity Session::train_capacity() const {
  return train_ == nullptr ? Capacity{} : Capacity{train_->max_examples(), train_->max_tokens()};
}

double Session::train_step(const PackedIds& texts, const PackedLabels& labels, double learning_rate,
                           std::span<const float> rows) {
  if (train_ == nullptr) throw Error("this session only predicts", "load the plan to train");
  train_->clear();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const TextIds text = text_ids(texts, i);
    if (!train_->fits(text.ids.size())) {
      throw Error(fmt::format("a batch of {} texts is above the plan's capacity of {} texts and {} "
                              "words",
                              texts.size(), train_->max_examples(), train_->max_tokens()),
                  "make smaller batches, or compile the model with a larger batch=");
    }
    train_->add(text);
  }
  if (train_->reads_rows()) {
    if (rows.empty()) {
      encode(texts, rows_);
      rows = rows_;
    }
    put_rows(*train_, rows);
  }
  return run_step(labels, learning_rate);
}

template <class Texts>
double Session::train_on_texts(const Texts& texts, const PackedLabels& labels,
                               double learning_rate) {
  std::vector<std::int64_t> offsets{0};
  ids_.clear();
  types_.clear();
  for (const auto& text : texts) {
    append_ids(TextInput{text});
    offsets.push_back(static_cast<std::int64_t>(ids_.size()));
  }
  return train_step(PackedIds{ids_, offsets, types_}, labels, learning_rate);
}

double Session::train_step(std::span<const std::string_view> texts, const PackedLabels& labels,
                           double learning_rate) {
  return train_on_texts(texts, labels, learning_rate);
}

double Session::train_step(std::span<const TextInput> texts, const PackedLabels& labels,
                           double learning_rate) {
  return train_on_texts(texts, labels, learning_rate);
}

// Error unless the labels are those of the batch that has been put into the training program.
void Session::check_labels(const PackedLabels& given) const {
  const auto examples = static_cast<std::size_t>(train_->examples());
  const std::size_t labelled =
      given.offsets.empty() ? given.labels.size() : given.offsets.size() - 1;
  if (labelled != examples) {
    throw Error(fmt::format("there are {} texts, but labels for {}", examples, labelled));
  }
  const auto classes = static_cast<std::uint32_t>(labels().size());
  for (const std::int32_t label : given.labels) {
    if (static_cast<std::uint32_t>(label) < classes) continue;
    throw Error(
        fmt::format("there is no label {}: the plan has {}, numbered from 0", label, classes));
  }
  const bool multi = plan().task == Task::multi_label;
  for (std::size_t i = 0; i + 1 < given.offsets.size(); ++i) {
    const std::int64_t begin = given.offsets[i];
    const std::int64_t end = given.offsets[i + 1];
    const bool within =
        begin >= 0 && begin <= end && end <= static_cast<std::int64_t>(given.labels.size());
    if (within && (multi || end == begin + 1)) continue;
    throw Error(
        fmt::format("texts[{}] has labels {} to {} of {}", i, begin, end, given.labels.size()),
        multi ? "offsets rise from 0" : "this plan gives each text one label");
  }
}

// Puts checked labels where the training program reads them: the label of each text, or a row of
// 0s and 1s for each, or one number for each where two labels are told apart by one.
void Session::put_labels(const PackedLabels& given) {
  const auto examples = static_cast<std::size_t>(train_->examples());
  const auto begin = [&](std::size_t i) {
    return given.offsets.empty() ? i : static_cast<std::size_t>(given.offsets[i]);
  };
  if (has_input(train_->executor().graph(), programs::kLabels)) {
    const std::span<std::int32_t> to = train_->executor().input_i32(programs::kLabels);
    for (std::size_t i = 0; i < examples; ++i) to[i] = given.labels[begin(i)];
    return;
  }
  const std::span<float> targets = train_->executor().input_f32(programs::kTargets);
  if (plan().task == Task::single_label) {
    for (std::size_t i = 0; i < examples; ++i) {
      targets[i] = static_cast<float>(given.labels[begin(i)]);
    }
    return;
  }
  const std::size_t classes = labels().size();
  std::fill_n(targets.begin(), examples * classes, 0.0F);
  for (std::size_t i = 0; i < examples; ++i) {
    for (std::size_t k = begin(i); k < begin(i + 1); ++k) {
      targets[i * classes + static_cast<std::size_t>(given.labels[k])] = 1.0F;
    }
  }
}

// Runs the batch that has been put into the training program; the loss before it.
double Session::run_step(const PackedLabels& given, double learning_rate) {
  if (train_->examples() == 0) throw Error("a training step needs at least one text");
  if (!(learning_rate >= 0 && learning_rate <= std::numeric_limits<float>::max())) {
    throw Error(fmt::format("the learning rate is {}", learning_rate), "give a number, 0 or above");
  }
  check_labels(given);
  put_labels(given);
  train_->executor().input_f32(programs::kRate).front() = static_cast<float>(learning_rate);
  train_->run();
  stale_ = true;
  return train_->executor().result(programs::kLoss).f32().front();
}

// After training steps: the rows of params that are read from now on are completed first, and what
// is computed from them is computed anew.
void Session::flush() {
  if (!stale_) return;
  if (model_->flush != nullptr) model_->flush->run({});
  if (model_->load != nullptr) model_->load->run({});
  stale_ = false;
}

const Plan& Session::flushed() {
  flush();
  if (model_->flush != nullptr) model_->flush->make_deferred_rows();
  return plan();
}

void Session::trim() {
  constexpr std::int64_t kLarge = std::int64_t{64} << 20U;  // bytes: less is sooner kept
  WEFT_CHECK(options_.train);
  if (train_->executor().graph().arena_bytes < kLarge) return;
  for (BatchProgram* program : {predict_.get(), train_.get(), encode_.get(), head_.get()}) {
    if (program != nullptr) program->executor().trim();
  }
  model_->memory.packed().discard();
}

Plan Session::snapshot() { return copied(flushed()); }

}  // namespace weft
