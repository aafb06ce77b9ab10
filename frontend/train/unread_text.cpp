// A text is longer than is read if an encoder that reads one token more makes more ids of it.
#include "frontend/train/unread_text.h"

#include <fmt/format.h>

#include "runtime/text/tokenizers.h"

namespace weft {

void UnreadCount::add(const UnreadCount& next) {
  if (cut == 0 && next.cut > 0) first_cut = texts + next.first_cut;
  if (empty == 0 && next.empty > 0) first_empty = texts + next.first_empty;
  texts += next.texts;
  cut += next.cut;
  empty += next.empty;
}

UnreadText::UnreadText(const Plan& plan, const Encoder& encoder) : plan_(plan) {
  empty_ids_ = encoder.encode("", buffer_, ids_);
}

bool UnreadText::is_cut(std::string_view text, std::size_t ids) {
  // A token takes a byte at least, and becomes an id at least: most texts are too short.
  const auto max = static_cast<std::size_t>(plan_.text.max_tokens);
  if (ids < max || text.size() < max) return false;
  if (longer_ == nullptr) {
    TextSettings longer = plan_.text;
    ++longer.max_tokens;
    longer_ = make_encoder(longer, plan_.vocabulary);
  }
  ids_.clear();
  return longer_->encode(text, buffer_, ids_) > ids;
}

void UnreadText::add(std::string_view text, std::size_t ids, std::size_t line) {
  ++count_.texts;
  if (ids <= empty_ids_ && count_.empty++ == 0) count_.first_empty = line;
  if (is_cut(text, ids) && count_.cut++ == 0) count_.first_cut = line;
}

UnreadCount count_unread(const CorpusView& examples, const Dataset& data, const Plan& plan,
                         const Encoder& encoder) {
  UnreadText unread(plan, encoder);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    unread.add(examples.text(i), static_cast<std::size_t>(data.length(i)), examples.line(i));
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
    warnings.push_back(fmt::format("{} {} longer than max_tokens={}: what follows is not read",
                                   some(count.cut, count.first_cut), count.cut == 1 ? "is" : "are",
                                   text.max_tokens));
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
