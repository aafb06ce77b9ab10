// A bound program and the batch of texts that is put into its inputs.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "ir/plan/plan.h"
#include "runtime/executor.h"

namespace weft {

// The ids of a text, all its windows end to end, and their types; no types: all are 0.
struct TextIds {
  std::span<const std::int32_t> ids, types = {};
};

class BatchProgram {
 public:
  // What is given must outlive it. Error if the program has no room for a text of as many tokens as
  // it says.
  BatchProgram(const Graph&, Memory&, const Plan&, int threads);

  std::int64_t max_examples() const { return max_examples_; }
  std::int64_t max_tokens() const { return max_tokens_; }
  std::int64_t examples() const { return examples_; }  // so far
  std::int64_t tokens() const { return tokens_; }
  // Rows of a frozen encoder, in the place of texts, which are then only counted.
  bool reads_rows() const { return !rows_.empty(); }
  std::span<float> rows() { return rows_; }

  // A text of at most max_tokens() ids fits in where there is none yet.
  bool fits(std::size_t length) const;
  void add(const TextIds& text);          // one that fits
  void add_checked(const TextIds& text);  // Error where one text is more than the program takes
  void run();
  void clear() { examples_ = tokens_ = windows_ = 0; }

  Executor& executor() { return executor_; }
  const Executor& executor() const { return executor_; }

 private:
  std::span<std::int32_t> optional_input(std::string_view name) const;
  void set_offset(std::int64_t window, std::int64_t token);

  Executor executor_;
  std::int64_t max_examples_, max_tokens_;
  // Each empty where the program does not read it; without windows a text is one.
  std::span<std::int32_t> ids_, offsets_, windows_of_texts_, types_;
  std::span<float> rows_;
  std::int64_t window_size_, max_windows_;
  std::int64_t examples_ = 0, tokens_ = 0, windows_ = 0;  // so far
};

}  // namespace weft
