// The C interface: answers about texts, pairs of texts and ids, each in four forms.
#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

#include "runtime/session.h"
#include "runtime/weft.h"
#include "runtime/weft_session.h"

using weft::c::fail;
using weft::c::guarded;
using weft::c::Request;

namespace {

struct Ask {
  weft_session* session;

  void operator()(std::span<const weft::TextInput> texts) const {
    session->session.predict(texts, session->answers);
  }
  void operator()(const weft::PackedIds& texts) const {
    session->session.predict_ids(texts, session->answers);
  }
};

// `take(i, answers)` is called for each text, where they are answered.
template <typename Take>
weft_status answer(weft_session* session, const Request& request, bool room, Take take) {
  return guarded([&] {
    if (!room && request.count() > 0) return fail(WEFT_BAD_ARGUMENT, "no room for the answers");
    const weft_status status = request.give(session, Ask{session});
    if (status != WEFT_OK) return status;
    for (size_t i = 0; i < request.count(); ++i) take(i, session->answers);
    return WEFT_OK;
  });
}

weft_status predict(weft_session* session, const Request& request, int32_t* labels,
                    float* probabilities) {
  return answer(session, request, labels != nullptr,
                [&](size_t i, const weft::Predictions& answers) {
                  labels[i] = static_cast<int32_t>(answers.label(i));
                  if (probabilities == nullptr) return;
                  probabilities = std::ranges::copy(answers.probabilities(i), probabilities).out;
                });
}

// The `k` most probable labels of text i to `ranking`. The first is answers.label(i): a temperature
// may make equal what was not.
void rank(const weft::Predictions& answers, size_t i, size_t k, std::vector<int32_t>& ranking) {
  const auto p = answers.probabilities(i);
  ranking.resize(p.size());
  std::iota(ranking.begin(), ranking.end(), 0);
  const auto first = static_cast<int32_t>(answers.label(i));
  const auto more = [&](int32_t a, int32_t b) {
    const float pa = p[static_cast<size_t>(a)], pb = p[static_cast<size_t>(b)];
    if (pa != pb) return pa > pb;
    return b != first && (a == first || a < b);
  };
  std::ranges::partial_sort(ranking, ranking.begin() + static_cast<std::ptrdiff_t>(k), more);
  ranking.resize(k);
}

// The `k` most probable labels of text i, and their probabilities unless there is no room.
void put_top(const weft::Predictions& answers, size_t i, size_t k, std::vector<int32_t>& ranking,
             int32_t* labels, float* probabilities) {
  rank(answers, i, k, ranking);
  std::ranges::copy(ranking, labels);
  if (probabilities == nullptr) return;
  const auto p = answers.probabilities(i);
  std::ranges::transform(ranking, probabilities,
                         [&](int32_t label) { return p[static_cast<size_t>(label)]; });
}

weft_status predict_top(weft_session* session, const Request& request, size_t k, int32_t* labels,
                        float* probabilities) {
  if (session == nullptr) return fail(WEFT_BAD_ARGUMENT, "there is no session");
  if (k < 1 || k > weft_label_count(session)) {
    return fail(WEFT_BAD_ARGUMENT, "k is " + std::to_string(k) + ": it must be from 1 to " +
                                       std::to_string(weft_label_count(session)) +
                                       ", the number of labels");
  }
  std::vector<int32_t> ranking;
  return answer(session, request, labels != nullptr,
                [&](size_t i, const weft::Predictions& answers) {
                  float* const to = probabilities == nullptr ? nullptr : probabilities + i * k;
                  put_top(answers, i, k, ranking, labels + i * k, to);
                });
}

weft_status classify(weft_session* session, const Request& request, size_t* counts, int32_t* labels,
                     float* probabilities) {
  const size_t all = weft_label_count(session);
  const bool many = weft_plan_task(session) == WEFT_MANY_LABELS;
  const double threshold = weft_threshold(session);
  std::vector<int32_t> ranking;
  const bool room = counts != nullptr && labels != nullptr;
  return answer(session, request, room, [&](size_t i, const weft::Predictions& answers) {
    const auto reaches = [&](float p) { return static_cast<double>(p) >= threshold; };
    counts[i] = many ? static_cast<size_t>(std::ranges::count_if(answers.probabilities(i), reaches))
                     : size_t{1};
    float* const to = probabilities == nullptr ? nullptr : probabilities + i * all;
    put_top(answers, i, counts[i], ranking, labels + i * all, to);
  });
}

weft_status predict_logits(weft_session* session, const Request& request, float* logits) {
  return answer(session, request, logits != nullptr,
                [&](size_t i, const weft::Predictions& answers) {
                  logits = std::ranges::copy(answers.logits(i), logits).out;
                });
}

}  // namespace

weft_status weft_predict(weft_session* session, const char* const* texts, const size_t* lengths,
                         size_t count, int32_t* labels, float* probabilities) {
  return predict(session, {{texts, lengths}, count}, labels, probabilities);
}

weft_status weft_predict_pairs(weft_session* session, const char* const* texts,
                               const size_t* lengths, const char* const* pairs,
                               const size_t* pair_lengths, size_t count, int32_t* labels,
                               float* probabilities) {
  return predict(session, {{texts, lengths}, {pairs, pair_lengths}, count}, labels, probabilities);
}

weft_status weft_predict_ids(weft_session* session, const int32_t* ids, const int32_t* types,
                             const int64_t* offsets, size_t count, int32_t* labels,
                             float* probabilities) {
  return predict(session, {ids, types, offsets, count}, labels, probabilities);
}

weft_status weft_predict_top(weft_session* session, const char* const* texts, const size_t* lengths,
                             size_t count, size_t k, int32_t* labels, float* probabilities) {
  return predict_top(session, {{texts, lengths}, count}, k, labels, probabilities);
}

weft_status weft_predict_top_pairs(weft_session* session, const char* const* texts,
                                   const size_t* lengths, const char* const* pairs,
                                   const size_t* pair_lengths, size_t count, size_t k,
                                   int32_t* labels, float* probabilities) {
  return predict_top(session, {{texts, lengths}, {pairs, pair_lengths}, count}, k, labels,
                     probabilities);
}

weft_status weft_predict_top_ids(weft_session* session, const int32_t* ids, const int32_t* types,
                                 const int64_t* offsets, size_t count, size_t k, int32_t* labels,
                                 float* probabilities) {
  return predict_top(session, {ids, types, offsets, count}, k, labels, probabilities);
}

weft_status weft_classify(weft_session* session, const char* const* texts, const size_t* lengths,
                          size_t count, size_t* counts, int32_t* labels, float* probabilities) {
  return classify(session, {{texts, lengths}, count}, counts, labels, probabilities);
}

weft_status weft_classify_pairs(weft_session* session, const char* const* texts,
                                const size_t* lengths, const char* const* pairs,
                                const size_t* pair_lengths, size_t count, size_t* counts,
                                int32_t* labels, float* probabilities) {
  return classify(session, {{texts, lengths}, {pairs, pair_lengths}, count}, counts, labels,
                  probabilities);
}

weft_status weft_classify_ids(weft_session* session, const int32_t* ids, const int32_t* types,
                              const int64_t* offsets, size_t count, size_t* counts, int32_t* labels,
                              float* probabilities) {
  return classify(session, {ids, types, offsets, count}, counts, labels, probabilities);
}

weft_status weft_predict_logits(weft_session* session, const char* const* texts,
                                const size_t* lengths, size_t count, float* logits) {
  return predict_logits(session, {{texts, lengths}, count}, logits);
}

weft_status weft_predict_logits_pairs(weft_session* session, const char* const* texts,
                                      const size_t* lengths, const char* const* pairs,
                                      const size_t* pair_lengths, size_t count, float* logits) {
  return predict_logits(session, {{texts, lengths}, {pairs, pair_lengths}, count}, logits);
}

weft_status weft_predict_logits_ids(weft_session* session, const int32_t* ids, const int32_t* types,
                                    const int64_t* offsets, size_t count, float* logits) {
  return predict_logits(session, {ids, types, offsets, count}, logits);
}
