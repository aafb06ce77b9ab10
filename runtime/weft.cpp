// The C interface: exceptions become a status and a message.
#include "runtime/weft.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "ir/aligned_bytes.h"
#include "ir/plan/program_interface.h"
#include "runtime/session.h"

struct weft_session {
  weft::Session session;
  weft::Predictions answers = {};
  std::vector<weft::TextInput> texts = {};  // of the call at hand
};

namespace {

thread_local std::string error;

weft_status fail(weft_status status, std::string_view message) {
  try {
    error = message;
  } catch (const std::exception&) {
    error.clear();
  }
  return status;
}

// Runs `body`, which returns a status.
template <typename Body>
weft_status guarded(Body body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return fail(WEFT_FAILED, "there is not enough memory");
  } catch (const std::exception& e) {
    return fail(WEFT_FAILED, e.what());
  }
}

template <typename Make>
weft_session* made(Make make) {
  weft_session* session = nullptr;
  guarded([&] {
    session = new weft_session{make()};
    return WEFT_OK;
  });
  return session;
}

// Texts of the caller, each with its end or a length.
struct Texts {
  const char* const* texts;
  const size_t* lengths;

  std::string_view at(size_t i) const {
    return lengths == nullptr ? std::string_view(texts[i]) : std::string_view(texts[i], lengths[i]);
  }
};

// `pairs`: none, or a second text for each.
weft_status take_texts(weft_session* s, const Texts& texts, const Texts* pairs, size_t count) {
  if (s == nullptr) return fail(WEFT_BAD_ARGUMENT, "there is no session");
  const auto missing = [&](const Texts& given) { return given.texts == nullptr && count > 0; };
  if (missing(texts) || (pairs != nullptr && missing(*pairs))) {
    return fail(WEFT_BAD_ARGUMENT, "there are no texts");
  }
  s->texts.clear();
  for (size_t i = 0; i < count; ++i) {
    if (texts.texts[i] == nullptr || (pairs != nullptr && pairs->texts[i] == nullptr)) {
      return fail(WEFT_BAD_ARGUMENT, "text " + std::to_string(i) + " is null");
    }
    s->texts.push_back({texts.at(i)});
    if (pairs != nullptr) s->texts.back().pair = pairs->at(i);
  }
  return WEFT_OK;
}

// `take(i, answers)` is called for each text, where they are answered.
template <typename Take>
weft_status answer(weft_session* session, const Texts& texts, const Texts* pairs, size_t count,
                   bool room, Take take) {
  return guarded([&] {
    const weft_status taken = take_texts(session, texts, pairs, count);
    if (taken != WEFT_OK) return taken;
    if (!room && count > 0) return fail(WEFT_BAD_ARGUMENT, "no room for the answers");
    session->session.predict(session->texts, session->answers);
    for (size_t i = 0; i < count; ++i) take(i, session->answers);
    return WEFT_OK;
  });
}

weft_status predict(weft_session* session, const Texts& texts, const Texts* pairs, size_t count,
                    int32_t* labels, float* probabilities) {
  return answer(session, texts, pairs, count, labels != nullptr,
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

weft_status train_step(weft_session* session, const Texts& texts, const Texts* pairs, size_t count,
                       const weft::PackedLabels& labels, double learning_rate, double* loss) {
  return guarded([&] {
    const weft_status taken = take_texts(session, texts, pairs, count);
    if (taken != WEFT_OK) return taken;
    if (labels.labels.data() == nullptr) return fail(WEFT_BAD_ARGUMENT, "there are no labels");
    const double before = session->session.train_step(session->texts, labels, learning_rate);
    if (loss != nullptr) *loss = before;
    if (std::isfinite(before)) return WEFT_OK;
    return fail(
        WEFT_FAILED,
        "training diverged: the loss is no finite number; load the last plan that was saved "
        "and train it at a lower learning rate");
  });
}

}  // namespace

const char* weft_error(void) { return error.c_str(); }

const char* weft_version(void) { return WEFT_VERSION; }

weft_session* weft_load(const char* path, int threads, int train) {
  if (path == nullptr) {
    fail(WEFT_BAD_ARGUMENT, "there is no path");
    return nullptr;
  }
  return made([&] { return weft::Session::load(path, {threads, train != 0}); });
}

weft_session* weft_load_memory(const void* plan, size_t size, int threads, int train) {
  if (plan == nullptr) {
    fail(WEFT_BAD_ARGUMENT, "there is no plan");
    return nullptr;
  }
  return made([&] {
    const auto bytes = std::make_shared<weft::AlignedBytes>(size);
    std::memcpy(bytes->data(), plan, size);
    weft::Plan decoded = weft::decode_plan(bytes->span(), "the plan in memory");
    decoded.owners.push_back(bytes);
    return weft::Session(std::move(decoded), {threads, train != 0});
  });
}

weft_session* weft_sibling(const weft_session* session) {
  if (session == nullptr) {
    fail(WEFT_BAD_ARGUMENT, "there is no session");
    return nullptr;
  }
  return made([&] { return session->session.sibling(); });
}

void weft_free(weft_session* session) { delete session; }

size_t weft_label_count(const weft_session* session) {
  return session == nullptr ? 0 : session->session.labels().size();
}

const char* weft_label(const weft_session* session, int32_t label) {
  if (label < 0 || static_cast<size_t>(label) >= weft_label_count(session)) return nullptr;
  return session->session.labels()[static_cast<size_t>(label)].c_str();
}

weft_task weft_plan_task(const weft_session* session) {
  const bool many = session != nullptr && session->session.plan().task == weft::Task::multi_label;
  return many ? WEFT_MANY_LABELS : WEFT_ONE_LABEL;
}

double weft_threshold(const weft_session* session) {
  return session == nullptr ? 0 : session->session.plan().threshold;
}

const char* weft_description(const weft_session* session) {
  return session == nullptr ? nullptr : session->session.plan().description.c_str();
}

size_t weft_token_count(const weft_session* session, const char* text, size_t length) {
  constexpr auto kFailed = static_cast<size_t>(-1);
  size_t count = kFailed;
  if (session == nullptr || text == nullptr) {
    fail(WEFT_BAD_ARGUMENT, session == nullptr ? "there is no session" : "there is no text");
    return count;
  }
  guarded([&] {
    const weft::Encoder& encoder = session->session.encoder();
    weft::TokenBuffer tokens;
    std::vector<std::int32_t> ids;
    encoder.encode(std::string_view(text, length), tokens, ids);
    count = std::min(ids.size(), static_cast<size_t>(encoder.max_ids()));
    return WEFT_OK;
  });
  return count;
}

weft_status weft_predict(weft_session* session, const char* const* texts, const size_t* lengths,
                         size_t count, int32_t* labels, float* probabilities) {
  return predict(session, {texts, lengths}, nullptr, count, labels, probabilities);
}

weft_status weft_predict_pairs(weft_session* session, const char* const* texts,
                               const size_t* lengths, const char* const* pairs,
                               const size_t* pair_lengths, size_t count, int32_t* labels,
                               float* probabilities) {
  const Texts second{pairs, pair_lengths};
  return predict(session, {texts, lengths}, &second, count, labels, probabilities);
}

weft_status weft_train_step(weft_session* session, const char* const* texts, const size_t* lengths,
                            size_t count, const int32_t* labels, double learning_rate,
                            double* loss) {
  return train_step(session, {texts, lengths}, nullptr, count, {{labels, count}}, learning_rate,
                    loss);
}

weft_status weft_train_step_pairs(weft_session* session, const char* const* texts,
                                  const size_t* lengths, const char* const* pairs,
                                  const size_t* pair_lengths, size_t count, const int32_t* labels,
                                  double learning_rate, double* loss) {
  const Texts second{pairs, pair_lengths};
  return train_step(session, {texts, lengths}, &second, count, {{labels, count}}, learning_rate,
                    loss);
}

weft_status weft_predict_top(weft_session* session, const char* const* texts, const size_t* lengths,
                             size_t count, size_t k, int32_t* labels, float* probabilities) {
  if (k < 1 || k > weft_label_count(session)) {
    return fail(WEFT_BAD_ARGUMENT, "k must be from 1 to the number of labels");
  }
  std::vector<int32_t> ranking;
  return answer(session, {texts, lengths}, nullptr, count, labels != nullptr,
                [&](size_t i, const weft::Predictions& answers) {
                  rank(answers, i, k, ranking);
                  std::ranges::copy(ranking, labels + i * k);
                  for (size_t n = 0; n < k && probabilities != nullptr; ++n) {
                    probabilities[i * k + n] =
                        answers.probabilities(i)[static_cast<size_t>(ranking[n])];
                  }
                });
}

weft_status weft_classify(weft_session* session, const char* const* texts, const size_t* lengths,
                          size_t count, size_t* counts, int32_t* labels, float* probabilities) {
  const size_t all = weft_label_count(session);
  const bool many = weft_plan_task(session) == WEFT_MANY_LABELS;
  const auto threshold = static_cast<float>(weft_threshold(session));
  std::vector<int32_t> ranking;
  return answer(session, {texts, lengths}, nullptr, count, counts != nullptr && labels != nullptr,
                [&](size_t i, const weft::Predictions& answers) {
                  const auto p = answers.probabilities(i);
                  const auto has = [&](float x) { return x >= threshold; };
                  const auto given =
                      many ? static_cast<size_t>(std::ranges::count_if(p, has)) : size_t{1};
                  rank(answers, i, given, ranking);
                  counts[i] = given;
                  for (size_t n = 0; n < given; ++n) {
                    labels[i * all + n] = ranking[n];
                    if (probabilities == nullptr) continue;
                    probabilities[i * all + n] = p[static_cast<size_t>(ranking[n])];
                  }
                });
}

size_t weft_logit_count(const weft_session* session) {
  if (session == nullptr) return 0;
  const weft::Graph& predict = *session->session.plan().program(weft::programs::kPredict);
  const weft::Value& logits = *predict.find_value(weft::programs::kLogits);
  return logits.type.shape.back() == weft::Dim(1) ? 1 : weft_label_count(session);
}

weft_status weft_predict_logits(weft_session* session, const char* const* texts,
                                const size_t* lengths, size_t count, float* logits) {
  return answer(session, {texts, lengths}, nullptr, count, logits != nullptr,
                [&](size_t i, const weft::Predictions& answers) {
                  logits = std::ranges::copy(answers.logits(i), logits).out;
                });
}

weft_status weft_train_step_labels(weft_session* session, const char* const* texts,
                                   const size_t* lengths, size_t count, const int32_t* labels,
                                   const int64_t* label_offsets, double learning_rate,
                                   double* loss) {
  if (label_offsets == nullptr) return fail(WEFT_BAD_ARGUMENT, "there are no offsets of labels");
  if (label_offsets[0] != 0 || !std::is_sorted(label_offsets, label_offsets + count + 1)) {
    return fail(WEFT_BAD_ARGUMENT, "the offsets of labels do not rise from 0 on");
  }
  // Without a label there may be no list of them.
  static constexpr int32_t kNone = 0;
  const auto given = static_cast<size_t>(label_offsets[count]);
  if (labels == nullptr && given == 0) labels = &kNone;
  return train_step(session, {texts, lengths}, nullptr, count,
                    {{labels, given}, {label_offsets, count + 1}}, learning_rate, loss);
}

size_t weft_train_token_capacity(const weft_session* session) {
  return session == nullptr ? 0 : static_cast<size_t>(session->session.train_capacity().tokens);
}

size_t weft_train_capacity(const weft_session* session) {
  return session == nullptr ? 0 : static_cast<size_t>(session->session.train_capacity().examples);
}

weft_status weft_save(weft_session* session, const char* path) {
  if (session == nullptr || path == nullptr) {
    return fail(WEFT_BAD_ARGUMENT, session == nullptr ? "there is no session" : "there is no path");
  }
  return guarded([&] {
    weft::save_plan(session->session.snapshot(), path);
    return WEFT_OK;
  });
}

weft_status weft_save_memory(weft_session* session, void** plan, size_t* size) {
  if (session == nullptr || plan == nullptr || size == nullptr) {
    return fail(WEFT_BAD_ARGUMENT, session == nullptr ? "there is no session" : "there is no room");
  }
  return guarded([&] {
    const std::vector<std::byte> bytes = weft::encode_plan(session->session.snapshot());
    *plan = std::malloc(bytes.size());
    if (*plan == nullptr) throw std::bad_alloc();
    std::memcpy(*plan, bytes.data(), bytes.size());
    *size = bytes.size();
    return WEFT_OK;
  });
}

void weft_free_bytes(void* plan) { std::free(plan); }
