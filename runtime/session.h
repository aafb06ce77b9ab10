// A model at work: text in, labels out; and, where the plan can train, one step after another.
//
//   weft::Session session = weft::Session::load("reviews.plan");
//   weft::Predictions out;
//   session.predict(std::array<std::string_view, 1>{"a fine film"}, out);
//   std::puts(session.labels()[out.label(0)].c_str());
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/diagnostic.h"
#include "ir/plan/plan.h"
#include "runtime/text/encoder.h"

namespace weft {

class Executor;      // runtime/executor.h
class BatchProgram;  // runtime/batch_program.h
struct TextIds;

struct SessionOptions {
  // 0: as many as the machine grants this process. Each thread that calls has helpers of its own,
  // which end with it: an application that serves many requests side by side asks for 1.
  int threads = 0;
  bool train = false;  // weights are copied and train_step is allowed
  // Bytes that a plan may take, by reckoning (runtime/resources/memory_use.h): a plan that others
  // made may ask for any amount. 0: no limit.
  std::int64_t max_memory = 0;
};

// The ids of several texts end to end: text i is ids[offsets[i] .. offsets[i + 1]), with all its
// windows where it is read by several (runtime/text/windows.h).
struct PackedIds {
  std::span<const std::int32_t> ids;
  std::span<const std::int64_t> offsets;  // one more than there are texts, rising; empty: no texts
  std::span<const std::int32_t> types = {};  // of each id, in a plan for pairs of texts; empty: 0

  std::size_t size() const { return offsets.empty() ? 0 : offsets.size() - 1; }
};

// The labels of several texts in the same form; without offsets each text has exactly one.
struct PackedLabels {
  std::span<const std::int32_t> labels;
  std::span<const std::int64_t> offsets = {};
};

// The answers of a request, in the order of its texts; reused from request to request without
// allocating.
class Predictions {
 public:
  std::size_t size() const { return labels_.size(); }
  // The most probable label; the first where several are equal.
  std::size_t label(std::size_t i) const { return static_cast<std::size_t>(labels_[i]); }
  // One number per label, in the plan's order. They add up to 1 unless the plan is multi-label.
  std::span<const float> probabilities(std::size_t i) const {
    return std::span(probabilities_).subspan(i * classes_, classes_);
  }
  // The numbers before softmax or sigmoid: one per label, or a single one that tells two labels
  // apart.
  std::span<const float> logits(std::size_t i) const {
    return std::span(logits_).subspan(i * width_, width_);
  }

 private:
  friend class Session;
  void clear();
  std::vector<std::int32_t> labels_;
  std::vector<float> probabilities_, logits_;
  std::size_t classes_ = 0, width_ = 0;
};

// An answer is infinite or `nan`: training that went wrong leaves such weights.
class NoNumber : public Error {
 public:
  NoNumber();
};

// Not for two threads at once; for another thread take a sibling().
class Session {
 public:
  static Session load(const std::string& path, SessionOptions options = {});
  explicit Session(Plan plan, SessionOptions options = {});
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  // Another session on the same model, for another thread; only where the session cannot train.
  // Safe while this session predicts.
  Session sibling() const;

  const Plan& plan() const;
  // Gives the plan a temperature (runtime/temperature.h). Error if the session has siblings.
  void set_temperature(double temperature);
  const std::vector<std::string>& labels() const { return plan().labels; }
  // The highest learning rate that the plan was trained with; 0 if it never was. Further steps of
  // its optimizer want this rate or a lower one: optimizers differ a hundredfold in it.
  double learning_rate() const;
  const Encoder& encoder() const;
  int threads() const { return options_.threads; }
  // The ids that the model reads of a text or a pair, special tokens included, cut to the most that
  // it reads; and their types where the plan reads pairs, else none. Error if the input is a pair
  // and the plan reads one text.
  void encode_text(const TextInput& input, TokenBuffer& buffer, std::vector<std::int32_t>& ids,
                   std::vector<std::int32_t>& types) const;

  // Any number of texts: requests beyond the plan's capacity are run in chunks. A text's prediction
  // does not depend on the others. NoNumber if an answer is none.
  void predict(std::span<const std::string_view> texts, Predictions& out);
  // The same of texts or pairs of texts. Error if one is a pair and the plan reads one text.
  void predict(std::span<const TextInput> texts, Predictions& out);
  // The same from ids that the encoder made. Error if an id is none of its ids; only the first
  // encoder().max_ids() ids of a text count.
  void predict_ids(const PackedIds& texts, Predictions& out);

  // One step of the optimizer; the loss before it. Error if the session was not opened to train or
  // the batch is above train_capacity().
  struct Capacity {
    std::int64_t examples = 0, tokens = 0;
  };
  Capacity train_capacity() const;
  // `rows`: what encode() gave for these texts; empty: it is asked here, where the plan needs it.
  double train_step(const PackedIds& texts, const PackedLabels& labels, double learning_rate,
                    std::span<const float> rows = {});
  double train_step(std::span<const std::string_view> texts, const PackedLabels& labels,
                    double learning_rate);
  double train_step(std::span<const TextInput> texts, const PackedLabels& labels,
                    double learning_rate);

  // What a frozen encoder makes of a text stays the same while the model behind it is trained: a
  // caller that trains on a text more than once may keep it.
  struct RowSize {
    std::int64_t per_text = 0, per_token = 0;  // numbers; of one of them
    std::int64_t of(std::int64_t texts, std::int64_t tokens) const {
      return texts * per_text + tokens * per_token;
    }
  };
  // Zeros: the plan has no such part, or the session was not opened to train.
  RowSize row_size() const;
  // The rows of any number of texts, end to end; those of a text do not depend on the others.
  void encode(const PackedIds& texts, std::vector<float>& rows);
  // predict_ids() from rows that encode() gave for these texts, where can_predict_rows().
  bool can_predict_rows() const { return head_ != nullptr; }
  void predict_rows(const PackedIds& texts, std::span<const float> rows, Predictions& out);

  // The executors behind predict() and train_step(), for measurements; null if there is none.
  Executor* predict_executor();
  Executor* train_executor();

  // plan(), once the work that row-sparse optimizers have put off is done: what others may read.
  const Plan& flushed();
  // The same as a plan of its own, independent of the session.
  Plan snapshot();

  // Where training and evaluation of a large model take turns: gives the memory that holds nothing
  // between calls back to the system, arenas and packed weights, which the next call makes again.
  // The session must train, for others share that memory with siblings.
  void trim();

 private:
  struct Model;

  static Plan within(Plan plan, const SessionOptions& options);
  Session(std::shared_ptr<Model> model, SessionOptions options);
  TextIds text_ids(const PackedIds& texts, std::size_t i) const;
  void append_ids(const TextInput& input);
  void flush();
  void add_to_request(const TextIds& text, Predictions& out);
  template <class Texts>
  void predict_texts(const Texts& texts, Predictions& out);
  template <class Texts>
  double train_on_texts(const Texts& texts, const PackedLabels& labels, double learning_rate);
  void run_chunk(BatchProgram& program, Predictions& out);
  void run_encoder(std::vector<float>& rows);
  void bind_rows();
  void put_rows(BatchProgram& reader, std::span<const float> rows) const;
  void check_labels(const PackedLabels& labels) const;
  void put_labels(const PackedLabels& labels);
  double run_step(const PackedLabels& labels, double learning_rate);

  std::shared_ptr<Model> model_;
  SessionOptions options_;
  std::unique_ptr<BatchProgram> predict_, train_;
  std::unique_ptr<BatchProgram> encode_, head_;  // null: the plan has none, or nobody trains
  bool stale_ = false;                           // training has moved the params on since flush()
  TokenBuffer tokens_;
  std::vector<std::int32_t> ids_, types_;  // of the text being encoded
  std::vector<float> rows_;                // of the batch at hand
};

}  // namespace weft
