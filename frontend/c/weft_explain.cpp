// The C interface: explanations, by n-grams and word by word.
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "frontend/c/weft_frontend.h"
#include "frontend/report/explain.h"
#include "runtime/weft_session.h"

using weft::c::fail;
using weft::c::guarded;

namespace {

// Special tokens, which stand for no bytes of a text, are left out: what they add is in the bias.
struct Parts {
  std::vector<weft_word> words;
  std::vector<weft_ngram> ngrams;
};

// Spans behind `length` are of the second text.
Parts parts_of(const weft::Explanation& found, size_t length) {
  Parts parts;
  const std::vector<double> shares = found.by_word();
  std::vector<size_t> before;  // words before each of them
  for (size_t i = 0; i < found.words.size(); ++i) {
    const weft::TextSpan span = found.words[i];
    before.push_back(parts.words.size());
    if (span.begin == span.end) continue;
    const bool in_pair = span.begin > length;
    const size_t from = in_pair ? length + 1 : 0;
    parts.words.push_back(
        {span.begin - from, span.end - from, in_pair ? 1 : 0, found.known[i] ? 1 : 0, shares[i]});
  }
  before.push_back(parts.words.size());
  for (const weft::NGram& ngram : found.ngrams) {
    const size_t first = before[ngram.first], behind = before[ngram.last + 1];
    if (first < behind) parts.ngrams.push_back({first, behind - 1, ngram.contribution});
  }
  return parts;
}

// For the caller, who frees it.
template <typename Part>
std::unique_ptr<Part, decltype(&std::free)> copied(const std::vector<Part>& parts) {
  return {static_cast<Part*>(weft::c::given_away(std::as_bytes(std::span(parts)))), &std::free};
}

}  // namespace

weft_status weft_explain(weft_session* session, const char* text, size_t length, const char* pair,
                         size_t pair_length, int32_t label, weft_explanation* explanation) {
  if (session == nullptr) return fail(WEFT_BAD_ARGUMENT, "there is no session");
  if (explanation == nullptr) return fail(WEFT_BAD_ARGUMENT, "no room for the explanation");
  if (weft_label(session, label) == nullptr) {
    return fail(WEFT_BAD_ARGUMENT, "the plan has no such label");
  }
  return guarded([&] {
    const weft_status status = weft::c::check_text(text, length, pair, pair_length);
    if (status != WEFT_OK) return status;
    weft::Session& plan = session->session;
    weft::TextInput input{{text, length}};
    if (pair != nullptr) {
      input.pair = std::string_view(pair, pair_length);
      input.pair_begin = static_cast<std::uint32_t>(length + 1);
    }
    // Refuses what the plan cannot read, and weights that are no numbers.
    plan.predict(std::span(&input, 1), session->answers);
    const weft::Explainer explainer(plan.flushed(), plan.encoder());
    const weft::Explanation found = explainer.explain(input, static_cast<size_t>(label));
    const Parts parts = parts_of(found, length);
    auto words = copied(parts.words);
    auto ngrams = copied(parts.ngrams);
    *explanation = {found.logit,         found.bias,      found.exact ? 1 : 0, parts.words.size(),
                    parts.ngrams.size(), words.release(), ngrams.release()};
    return WEFT_OK;
  });
}

void weft_free_explanation(weft_explanation* explanation) {
  if (explanation == nullptr) return;
  std::free(explanation->words);
  std::free(explanation->ngrams);
  *explanation = {};
}
