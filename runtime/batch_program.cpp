// Lays texts end to end, and their windows.
#include "runtime/batch_program.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/plan/program_interface.h"
#include "runtime/text/windows.h"

namespace weft {
namespace {

constexpr const char* kInconsistent = "the plan is inconsistent: compile it again";

std::int64_t capacity_of(const Graph& graph, std::string_view symbol) {
  const Symbol* found = graph.find_symbol(symbol);
  if (found == nullptr) {
    throw Error(fmt::format("program @{} has no symbol {}", graph.name, symbol), kInconsistent);
  }
  return found->capacity;
}

// A program that reads a row for each text has no tokens: who makes the rows counts them.
std::int64_t token_capacity(const Graph& graph, const Plan& plan) {
  const bool counts = graph.find_symbol(programs::kTokens) != nullptr;
  const Graph* const encode = plan.program(programs::kEncode);
  return capacity_of(counts || encode == nullptr ? graph : *encode, programs::kTokens);
}

std::int32_t place(std::int64_t number) { return static_cast<std::int32_t>(number); }

}  // namespace

BatchProgram::BatchProgram(const Graph& graph, Memory& memory, const Plan& plan, int threads)
    : executor_(graph, memory, threads),
      max_examples_(capacity_of(graph, programs::kTexts)),
      max_tokens_(token_capacity(graph, plan)),
      ids_(optional_input(programs::kIds)),
      offsets_(optional_input(programs::kOffsets)),
      windows_of_texts_(optional_input(programs::kWindows)),
      types_(optional_input(programs::kTypes)),
      window_size_(windows_of_texts_.empty() ? max_tokens_ : plan.text.max_tokens),
      max_windows_(windows_of_texts_.empty() ? max_examples_
                                             : capacity_of(graph, programs::kWindowCount)) {
  if (has_input(graph, programs::kRows)) rows_ = executor_.input_f32(programs::kRows);
  if (max_windows_ >= window_count(max_tokens_, window_size_)) return;
  throw Error(fmt::format("program @{} has no room for the windows of its {} tokens", graph.name,
                          max_tokens_),
              kInconsistent);
}

std::span<std::int32_t> BatchProgram::optional_input(std::string_view name) const {
  if (!has_input(executor_.graph(), name)) return {};
  return executor_.input_i32(name);
}

bool BatchProgram::fits(std::size_t length) const {
  const auto size = static_cast<std::int64_t>(length);
  return examples_ < max_examples_ && size <= max_tokens_ - tokens_ &&
         window_count(size, window_size_) <= max_windows_ - windows_;
}

void BatchProgram::set_offset(std::int64_t window, std::int64_t token) {
  if (!offsets_.empty()) offsets_[static_cast<std::size_t>(window)] = place(token);
}

void BatchProgram::add_checked(const TextIds& text) {
  if (!fits(text.ids.size())) {
    throw Error(fmt::format("a text of {} words is above the capacity of program @{}, {} words",
                            text.ids.size(), executor_.graph().name, max_tokens_),
                "shorten it, or compile the model with a larger max_tokens=");
  }
  add(text);
}

void BatchProgram::add(const TextIds& text) {
  if (!ids_.empty()) std::ranges::copy(text.ids, ids_.begin() + tokens_);
  if (!types_.empty()) {
    std::fill_n(types_.begin() + tokens_, text.ids.size(), 0);
    std::ranges::copy(text.types, types_.begin() + tokens_);
  }
  if (!windows_of_texts_.empty()) {
    windows_of_texts_[static_cast<std::size_t>(examples_)] = place(windows_);
  }
  const auto size = static_cast<std::int64_t>(text.ids.size());
  for (std::int64_t k = 0; k < window_count(size, window_size_); ++k) {
    set_offset(windows_++, tokens_ + k * window_size_);
  }
  tokens_ += size;
  ++examples_;
}

void BatchProgram::run() {
  set_offset(windows_, tokens_);
  if (!windows_of_texts_.empty()) {
    windows_of_texts_[static_cast<std::size_t>(examples_)] = place(windows_);
  }
  executor_.run({{programs::kTexts, examples_},
                 {programs::kTokens, tokens_},
                 {programs::kWindowCount, windows_}});
}

}  // namespace weft
