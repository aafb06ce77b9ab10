// A text is longer than is read if an encoder that reads one token, or window, more makes more ids
// of it.
#include "frontend/train/unread_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/text/tokenizers.h"

namespace weft {
namespace {

// `2 of 6 lines (the first is line 3) have`; `have` if they are several, else `has`.
std::string some(const Sighting& seen, const UnreadCount& count, std::string_view noun,
                 std::string_view has, std::string_view have) {
  return fmt::format("{} of {} {}{} ({}) {}", seen.count, count.texts, noun,
                     count.texts == 1 ? "" : "s", seen.where(count.array),
                     seen.count == 1 ? has : have);
}

// Error if no token is an id.
void warn_of_ids(const UnreadCount& count, std::string_view noun, const Plan& plan,
                 Warnings& warnings) {
  if (count.no_id.count == 0) return;
  const std::size_t last = plan.vocabulary.ends.size() - 1;
  if (count.with_ids == 0) {
    throw Error(fmt::format("no token of any {} is an id of 0 to {}: the plan has no tokenizer, "
                            "and a text is its ids, as in `12 7 45`",
                            noun, last),
                "to read words, give the model's tokenizer: `weft import NAME.onnx --tokenizer "
                "FOLDER`");
  }
  warnings.push_back(fmt::format(
      "{} what is no id of 0 to {}: it is read as id 0\n"
      "    note: a text is its ids, as in `12 7 45`; to read words, give the model's tokenizer: "
      "`weft import NAME.onnx --tokenizer FOLDER`",
      some(count.no_id, count, noun, "holds", "hold"), last));
}

}  // namespace

void UnreadCount::add(const UnreadCount& next) {
  texts += next.texts;
  with_ids += next.with_ids;
  cut.add(next.cut);
  empty.add(next.empty);
  no_id.add(next.no_id);
  shorter.add(next.shorter);
  padded.add(next.padded);
}

UnreadText::UnreadText(const Plan& plan, const Encoder& encoder)
    : plan_(plan),
      encoder_(encoder),
      imported_(imported_texts(plan)),
      max_ids_(plan.text.max_tokens) {
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

UnreadText::Zeros UnreadText::zeros(const TextInput& text) {
  Zeros zeros;
  for (const std::string_view one : {text.text, text.pair.value_or("")}) {
    ids_.clear();
    spans_.clear();
    encoder_.encode(one, buffer_, ids_, &spans_);
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      if (ids_[i] != 0) continue;
      const TextSpan at = spans_[i];
      ++(one.substr(at.begin, at.end - at.begin) == "0" ? zeros.zero : zeros.unknown);
    }
  }
  return zeros;
}

bool UnreadText::all_are_ids(const TextInput& text, std::span<const std::int32_t> ids,
                             std::size_t line) {
  const auto read_as_0 = static_cast<std::size_t>(std::ranges::count(ids, 0));
  const Zeros found = read_as_0 > 0 ? zeros(text) : Zeros{};
  if (read_as_0 < ids.size() || found.zero > 0) ++count_.with_ids;
  if (found.unknown > 0) count_.no_id.at(line);
  return found.unknown == 0;
}

void UnreadText::add(const TextInput& text, std::span<const std::int32_t> ids, std::size_t line) {
  ++count_.texts;
  const bool empty = ids.size() <= (text.pair ? empty_pair_ids_ : empty_ids_);
  if (empty) count_.empty.at(line);
  if (is_cut(text, ids.size())) count_.cut.at(line);
  const bool known = !imported_.ids || all_are_ids(text, ids, line);
  if (!empty && std::cmp_less(ids.size(), imported_.length)) count_.shorter.at(line);
  const auto is_padding = [&](std::int32_t id) { return id == *imported_.padding; };
  if (known && imported_.padding && std::ranges::any_of(ids, is_padding)) count_.padded.at(line);
}

UnreadCount count_unread(const CorpusView& examples, const Dataset& data, const Plan& plan,
                         const Encoder& encoder) {
  UnreadText unread(plan, encoder);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const auto ids = std::span(data.ids).subspan(static_cast<std::size_t>(data.offsets[i]),
                                                 static_cast<std::size_t>(data.length(i)));
    unread.add(examples.input(i, encoder.reads_pairs()), ids, examples.line(i));
  }
  UnreadCount count = unread.take();
  count.array = examples.corpus().array();
  return count;
}

Warnings unread_warnings(const UnreadCount& count, std::string_view noun, const Plan& plan) {
  const TextSettings& text = plan.text;
  Warnings warnings;
  if (count.cut.count > 0) {
    const bool windows = text.max_windows > 1;
    warnings.push_back(fmt::format(
        "{} longer than {}={}: what follows is not read", some(count.cut, count, noun, "is", "are"),
        windows ? "max_windows" : "max_tokens", windows ? text.max_windows : text.max_tokens));
  }
  if (count.empty.count > 0) {
    warnings.push_back(fmt::format("{} no word: nothing tells {} apart from other such texts",
                                   some(count.empty, count, noun, "has", "have"),
                                   count.empty.count == 1 ? "it" : "them"));
  }
  warn_of_ids(count, noun, plan, warnings);
  if (count.shorter.count > 0) {
    warnings.push_back(fmt::format(
        "{} shorter than the {} tokens that the model was exported for: it answers as it does "
        "without padding\n"
        "    note: write the padding as it was in training, or export the model with dynamic axes",
        some(count.shorter, count, noun, "is", "are"), imported_texts(plan).length));
  }
  if (count.padded.count > 0) {
    warnings.push_back(fmt::format(
        "{} the id {}, which the model leaves out as padding: it is read as any other id\n"
        "    note: leave the padding out of the texts",
        some(count.padded, count, noun, "holds", "hold"), *imported_texts(plan).padding));
  }
  return warnings;
}

}  // namespace weft
