// A text is longer than is read if an encoder that reads one token, or window, more makes more ids
// of it.
#include "frontend/train/unread_text.h"

#include <fmt/format.h>

#include <utility>

#include "runtime/text/tokenizers.h"

namespace weft {

void UnreadCount::add(const UnreadCount& next) {
  if (cut == 0) first_cut = next.first_cut;
  if (empty == 0) first_empty = next.first_empty;
  texts += next.texts;
  cut += next.cut;
  empty += next.empty;
}

UnreadText::UnreadText(const Plan& plan, const Encoder& encoder)
    : plan_(plan), max_ids_(plan.text.max_tokens) {
  if (plan.text.max_windows > 1) max_ids_ = encoder.max_ids();
  empty_ids_ = encoder.encode(TextInput{""}, buffer_, {ids_});
  empty_pair_ids_ = encoder.encode(TextInput{"", ""}, buffer_, {ids_});
}

bool UnreadText::is_cut(const TextInput& text, std::size_t ids) {
  // A token is a byte at least, and an id. Windows have some tokens twice.
  const std::size_t bytes = text.text.size() + text.pair.value_or("").size();
  const bool few_bytes = plan_.text.max_windows == 1 && std::cmp_less(bytes, max_ids_);
  if (few_bytes || std::cmp_less(ids, max_ids_)) return false;
  if (longer_ == nullptr) {
    TextSettings longer = plan_.text;
    ++(longer.max_windows > 1 ? longer.max_windows : longer.max_tokens);
    longer_ = make_encoder(longer, plan_.vocabulary);
  }
  ids_.clear();
  return longer_->encode(text, buffer_, {ids_}) > ids;
}

void UnreadText::add(const TextInput& text, std::size_t ids, std::size_t line) {
  ++count_.texts;
  if (ids <= (text.pair ? empty_pair_ids_ : empty_ids_) && count_.empty++ == 0) {
    count_.first_empty = line;
  }
  if (is_cut(text, ids) && count_.cut++ == 0) count_.first_cut = line;
}

UnreadCount count_unread(const CorpusView& examples, const Dataset& data, const Plan& plan,
                         const Encoder& encoder) {
  UnreadText unread(plan, encoder);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    unread.add(examples.input(i, encoder.reads_pairs()), static_cast<std::size_t>(data.length(i)),
               examples.line(i));
  }
  return unread.take();
}

Warnings unread_warnings(const UnreadCount& count, std::string_view noun,
                         const TextSettings& text) {
  Warnings warnings;
  const auto some = [&](std::size_t n, std::size_t first) {
    return fmt::format("{} of {} {}{} ({}line {})", n, count.texts, noun,
                       count.texts == 1 ? "" : "s", n == 1 ? "" : "the first on ", first);
  };
  if (count.cut > 0) {
    const bool windows = text.max_windows > 1;
    warnings.push_back(fmt::format("{} {} longer than {}={}: what follows is not read",
                                   some(count.cut, count.first_cut), count.cut == 1 ? "is" : "are",
                                   windows ? "max_windows" : "max_tokens",
                                   windows ? text.max_windows : text.max_tokens));
  }
  if (count.empty > 0) {
    warnings.push_back(fmt::format("{} {} no word: nothing tells {} apart from other such texts",
                                   some(count.empty, count.first_empty),
                                   count.empty == 1 ? "has" : "have",
                                   count.empty == 1 ? "it" : "them"));
  }
  return warnings;
}

}  // namespace weft
