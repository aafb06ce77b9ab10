// The C interface: exceptions become a status and a message.
#include "runtime/weft.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ir/aligned_bytes.h"
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

weft_status predict(weft_session* session, const Texts& texts, const Texts* pairs, size_t count,
                    int32_t* labels, float* probabilities) {
  return guarded([&] {
    const weft_status taken = take_texts(session, texts, pairs, count);
    if (taken != WEFT_OK) return taken;
    if (labels == nullptr && count > 0) return fail(WEFT_BAD_ARGUMENT, "no room for labels");
    session->session.predict(session->texts, session->answers);
    for (size_t i = 0; i < count; ++i) {
      labels[i] = static_cast<int32_t>(session->answers.label(i));
      if (probabilities == nullptr) continue;
      probabilities = std::ranges::copy(session->answers.probabilities(i), probabilities).out;
    }
    return WEFT_OK;
  });
}

weft_status train_step(weft_session* session, const Texts& texts, const Texts* pairs, size_t count,
                       const int32_t* labels, double learning_rate, double* loss) {
  return guarded([&] {
    const weft_status taken = take_texts(session, texts, pairs, count);
    if (taken != WEFT_OK) return taken;
    if (labels == nullptr) return fail(WEFT_BAD_ARGUMENT, "there are no labels");
    const double before =
        session->session.train_step(session->texts, {{labels, count}}, learning_rate);
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
  return train_step(session, {texts, lengths}, nullptr, count, labels, learning_rate, loss);
}

weft_status weft_train_step_pairs(weft_session* session, const char* const* texts,
                                  const size_t* lengths, const char* const* pairs,
                                  const size_t* pair_lengths, size_t count, const int32_t* labels,
                                  double learning_rate, double* loss) {
  const Texts second{pairs, pair_lengths};
  return train_step(session, {texts, lengths}, &second, count, labels, learning_rate, loss);
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
