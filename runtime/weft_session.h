// What the files that define the C interface share: a session as C holds it, and how an exception
// becomes a status and a message. No part of the interface.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/session.h"
#include "runtime/weft.h"

struct weft_session {
  weft::Session session;
  weft::Predictions answers = {};
  std::vector<weft::TextInput> texts = {};  // of the call at hand
  weft::TokenBuffer tokens = {};
  std::vector<std::int32_t> ids = {}, types = {};
};

namespace weft::c {

// Keeps the message for weft_error(), and returns the status.
weft_status fail(weft_status status, std::string_view message);

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

// A copy of the bytes, for the caller to keep until weft_free_bytes.
void* given_away(std::span<const std::byte> bytes);

// Texts of the caller, each with its end or a length.
struct Texts {
  const char* const* texts;
  const size_t* lengths;

  std::string_view at(size_t i) const {
    return lengths == nullptr ? std::string_view(texts[i]) : std::string_view(texts[i], lengths[i]);
  }
};

// No object in memory has so many bytes: most likely the caller passed a negative number.
inline bool beyond_memory(size_t bytes) { return bytes > PTRDIFF_MAX; }

// WEFT_BAD_ARGUMENT unless all texts are there. `pairs`: null, or a second text for each.
weft_status check_texts(const Texts& texts, const Texts* pairs, size_t count);

// The same of one text. `pair`: null, or its second text.
weft_status check_text(const char* text, size_t length, const char* pair, size_t pair_length);

// WEFT_BAD_ARGUMENT unless count + 1 offsets rise from 0. `what`: "labels".
weft_status check_offsets(const int64_t* offsets, size_t count, std::string_view what);

// What is asked about, or learnt: texts, pairs of texts, or ids.
class Request {
 public:
  Request(Texts texts, size_t count) : texts_(texts), count_(count) {}
  Request(Texts texts, Texts pairs, size_t count)
      : form_(Form::pairs), texts_(texts), pairs_(pairs), count_(count) {}
  Request(const int32_t* ids, const int32_t* types, const int64_t* offsets, size_t count)
      : form_(Form::ids), ids_(ids), types_(types), offsets_(offsets), count_(count) {}

  size_t count() const { return count_; }

  // Checks the request and calls `use` with the texts, as the session keeps them, or with the ids.
  template <typename Use>
  weft_status give(weft_session* session, Use use) const {
    if (session == nullptr) return fail(WEFT_BAD_ARGUMENT, "there is no session");
    const weft_status status = form_ == Form::ids ? check_ids() : take_texts(*session);
    if (status != WEFT_OK) return status;
    if (form_ == Form::ids) {
      use(packed());
    } else {
      use(std::span<const TextInput>(session->texts));
    }
    return WEFT_OK;
  }

 private:
  enum class Form : std::uint8_t { texts, pairs, ids };

  weft_status take_texts(weft_session& session) const;
  weft_status check_ids() const;
  PackedIds packed() const;

  Form form_ = Form::texts;
  Texts texts_{}, pairs_{};
  const int32_t* ids_ = nullptr;
  const int32_t* types_ = nullptr;
  const int64_t* offsets_ = nullptr;
  size_t count_;
};

}  // namespace weft::c
