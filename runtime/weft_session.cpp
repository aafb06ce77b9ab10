// The checks of what a caller in C gives.
#include "runtime/weft_session.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

namespace weft::c {
namespace {

thread_local std::string error;

weft_status check_count(size_t count) {
  if (count <= PTRDIFF_MAX / sizeof(void*)) return WEFT_OK;
  return fail(WEFT_BAD_ARGUMENT, "there cannot be " + std::to_string(count) + " texts");
}

// `what`: "texts", "pairs".
weft_status check_each(const Texts& given, size_t count, const std::string& what) {
  if (count == 0) return WEFT_OK;
  if (given.texts == nullptr) return fail(WEFT_BAD_ARGUMENT, "there are no " + what);
  for (size_t i = 0; i < count; ++i) {
    const auto place = [&] { return what + '[' + std::to_string(i) + ']'; };
    if (given.texts[i] == nullptr) return fail(WEFT_BAD_ARGUMENT, place() + " is null");
    if (given.lengths == nullptr || !beyond_memory(given.lengths[i])) continue;
    return fail(WEFT_BAD_ARGUMENT,
                place() + " cannot have " + std::to_string(given.lengths[i]) + " bytes");
  }
  return WEFT_OK;
}

}  // namespace

weft_status fail(weft_status status, std::string_view message) {
  try {
    error = message;
  } catch (const std::exception&) {
    error.clear();
  }
  return status;
}

void* given_away(std::span<const std::byte> bytes) {
  void* copy = std::malloc(std::max<size_t>(bytes.size(), 1));
  if (copy == nullptr) throw std::bad_alloc();
  if (!bytes.empty()) std::memcpy(copy, bytes.data(), bytes.size());
  return copy;
}

weft_status check_texts(const Texts& texts, const Texts* pairs, size_t count) {
  weft_status status = check_count(count);
  if (status == WEFT_OK) status = check_each(texts, count, "texts");
  if (status == WEFT_OK && pairs != nullptr) status = check_each(*pairs, count, "pairs");
  return status;
}

weft_status check_text(const char* text, size_t length, const char* pair, size_t pair_length) {
  if (text == nullptr) return fail(WEFT_BAD_ARGUMENT, "there is no text");
  const Texts texts{&text, &length}, pairs{&pair, &pair_length};
  return check_texts(texts, pair == nullptr ? nullptr : &pairs, 1);
}

weft_status check_offsets(const int64_t* offsets, size_t count, std::string_view what) {
  const weft_status status = check_count(count);
  if (status != WEFT_OK) return status;
  if (offsets == nullptr) {
    return fail(WEFT_BAD_ARGUMENT, "there are no offsets of " + std::string(what));
  }
  if (offsets[0] == 0 && std::is_sorted(offsets, offsets + count + 1)) return WEFT_OK;
  return fail(WEFT_BAD_ARGUMENT, "the offsets of " + std::string(what) + " do not rise from 0 on");
}

weft_status Request::take_texts(weft_session& session) const {
  const Texts* pairs = form_ == Form::pairs ? &pairs_ : nullptr;
  const weft_status status = check_texts(texts_, pairs, count_);
  if (status != WEFT_OK) return status;
  session.texts.clear();
  for (size_t i = 0; i < count_; ++i) {
    session.texts.push_back({texts_.at(i)});
    if (pairs != nullptr) session.texts.back().pair = pairs->at(i);
  }
  return WEFT_OK;
}

weft_status Request::check_ids() const {
  if (count_ == 0) return WEFT_OK;
  const weft_status status = check_offsets(offsets_, count_, "ids");
  if (status != WEFT_OK) return status;
  if (ids_ != nullptr || offsets_[count_] == 0) return WEFT_OK;
  return fail(WEFT_BAD_ARGUMENT, "there are no ids");
}

PackedIds Request::packed() const {
  if (count_ == 0) return {};
  const auto size = static_cast<size_t>(offsets_[count_]);
  PackedIds packed{{ids_, size}, {offsets_, count_ + 1}};
  if (types_ != nullptr) packed.types = {types_, size};
  return packed;
}

}  // namespace weft::c

const char* weft_error(void) { return weft::c::error.c_str(); }
