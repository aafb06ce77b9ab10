// A corpus holds its texts end to end in one string, and its labels as numbers.
#include "frontend/data/corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "frontend/data/label_rules.h"
#include "ir/diagnostic.h"

namespace weft {
namespace {

// True if a name is a whole number in its shortest spelling: -12, 0, 7.
bool is_whole_number(const std::string& name) {
  const std::string_view digits = std::string_view(name).substr(name.starts_with('-') ? 1 : 0);
  const bool shortest = digits.size() == 1 || !digits.starts_with('0');
  return !digits.empty() && digits.size() <= 18 && shortest &&
         std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Corpus::Corpus(std::span<const Example> examples, std::string array) {
  const auto has_line = [](const Example& example) { return example.line > 0; };
  if (std::ranges::none_of(examples, has_line)) array_ = std::move(array);
  for (const Example& example : examples) {
    add(example);
    if (!array_.empty()) lines_.back() = size() - 1;
    for (const std::string& label : example.labels) {
      const auto fault = label_fault(label);
      if (!fault) continue;
      throw Error(fmt::format("{}: {}", place(size() - 1), fault->what),
                  std::string(fault->remedy));
    }
  }
  report_.examples = examples.size();
  order_labels();
}

void Corpus::add(const Example& example) {
  texts_ += example.text;
  if (example.pair.has_value() != pairs() && size() > 0) {
    throw Error("some examples are pairs of texts, and others are one text",
                "give every example a pair, or none");
  }
  if (example.pair) {
    pair_begins_.push_back(static_cast<std::uint32_t>(example.text.size() + 1));
    texts_.append(1, '\t').append(*example.pair);
  }
  text_ends_.push_back(texts_.size());
  for (const std::string& label : example.labels) {
    const auto number = static_cast<std::uint32_t>(label_names_.size());
    const auto [entry, added] = label_numbers_.try_emplace(label, number);
    if (added) label_names_.push_back(label);
    labels_.push_back(entry->second);
  }
  label_ends_.push_back(labels_.size());
  lines_.push_back(example.line);
  multi_label_ = multi_label_ || example.labels.size() != 1;
}

TextInput Corpus::input(std::size_t i, bool pair) const {
  const std::string_view whole = text(i);
  if (!pair || !pairs()) return {whole};
  const std::uint32_t begin = pair_begins_[i];
  return {whole.substr(0, begin - 1), whole.substr(begin), begin};
}

void Corpus::order_labels() {
  std::vector<std::uint32_t> order(label_names_.size());
  std::iota(order.begin(), order.end(), 0U);
  const bool numbers = std::all_of(label_names_.begin(), label_names_.end(), is_whole_number);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    if (numbers) return std::stoll(label_names_[a]) < std::stoll(label_names_[b]);
    return label_names_[a] < label_names_[b];
  });
  std::vector<std::string> names;
  std::vector<std::uint32_t> renumbered(order.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    names.push_back(std::move(label_names_[order[i]]));
    renumbered[order[i]] = i;
  }
  label_names_ = std::move(names);
  label_numbers_.clear();
  for (std::uint32_t& label : labels_) label = renumbered[label];
}

CorpusView::CorpusView(const Corpus& corpus, std::span<const std::uint32_t> rows)
    : corpus_(&corpus), rows_(rows) {
  const auto beyond = std::ranges::find_if(rows, [&](auto row) { return row >= corpus.size(); });
  if (beyond == rows.end()) return;
  throw Error(fmt::format("there is no row {} in a corpus of {} rows", *beyond, corpus.size()),
              "rows are numbered from 0");
}

Corpus joined(const Corpus& first, const Corpus& second) {
  std::vector<Example> examples;
  for (const Corpus* corpus : {&first, &second}) {
    for (std::size_t i = 0; i < corpus->size(); ++i) {
      Example& example = examples.emplace_back();
      const TextInput input = corpus->input(i, corpus->pairs());
      example.text = input.text;
      example.pair = input.pair;
      if (corpus->array().empty()) example.line = corpus->line(i);
      for (const std::uint32_t label : corpus->labels(i)) {
        example.labels.push_back(corpus->label_names()[label]);
      }
    }
  }
  return Corpus(examples);
}

}  // namespace weft
