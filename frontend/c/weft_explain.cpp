// The C interface: explanations, word by word.
#include <cstdlib>
#include <new>

#include "frontend/c/weft_frontend.h"
#include "frontend/report/explain.h"
#include "frontend/train/evaluate.h"
#include "runtime/weft_session.h"

using weft::c::fail;
using weft::c::guarded;

namespace {

// The words that stand for bytes of a text; what special tokens add counts with the bias.
// Spans behind `length` are of the second text.
std::vector<weft_word> words_of(const weft::Explanation& found, size_t length) {
  std::vector<weft_word> words;
  const std::vector<double> shares = found.by_word();
  for (size_t i = 0; i < found.words.size(); ++i) {
    const weft::TextSpan span = found.words[i];
    if (span.begin == span.end) continue;
    const bool in_pair = span.begin > length;
    const size_t from = in_pair ? length + 1 : 0;
    words.push_back(
        {span.begin - from, span.end - from, in_pair ? 1 : 0, found.known[i] ? 1 : 0, shares[i]});
  }
  return words;
}

}  // namespace

weft_status weft_explain(weft_session* session, const char* text, size_t length, const char* pair,
                         size_t pair_length, int32_t label, weft_explanation* explanation) {
  if (session == nullptr) return fail(WEFT_BAD_ARGUMENT, "there is no session");
  if (text == nullptr) return fail(WEFT_BAD_ARGUMENT, "there is no text");
  if (explanation == nullptr) return fail(WEFT_BAD_ARGUMENT, "no room for the explanation");
  if (weft_label(session, label) == nullptr) {
    return fail(WEFT_BAD_ARGUMENT, "the plan has no such label");
  }
  return guarded([&] {
    weft::Session& plan = session->session;
    weft::TextInput input{{text, length}};
    if (pair != nullptr) {
      input.pair = std::string_view(pair, pair_length);
      input.pair_begin = static_cast<std::uint32_t>(length + 1);
    }
    // Refuses what the plan cannot read, and weights that are no numbers.
    plan.predict(std::span(&input, 1), session->answers);
    weft::expect_numbers(session->answers, 0);
    const weft::Explainer explainer(plan.flushed(), plan.encoder());
    const weft::Explanation found = explainer.explain(input, static_cast<size_t>(label));
    const std::vector<weft_word> words = words_of(found, length);
    *explanation = {found.logit, found.bias, found.exact ? 1 : 0, words.size(),
                    static_cast<weft_word*>(weft::c::given_away(std::as_bytes(std::span(words))))};
    return WEFT_OK;
  });
}

void weft_free_explanation(weft_explanation* explanation) {
  if (explanation == nullptr) return;
  std::free(explanation->words);
  *explanation = {};
}
