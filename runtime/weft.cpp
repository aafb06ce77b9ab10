// The C interface: plans, sessions and facts about them; saving.
#include "runtime/weft.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "ir/aligned_bytes.h"
#include "ir/plan/program_interface.h"
#include "runtime/session.h"
#include "runtime/weft_session.h"

using weft::c::fail;
using weft::c::guarded;

namespace {

std::atomic<size_t> memory_limit{0};

weft::SessionOptions options(int threads, int train) {
  constexpr auto kMost = static_cast<size_t>(std::numeric_limits<std::int64_t>::max());
  return {threads, train != 0, static_cast<std::int64_t>(std::min(memory_limit.load(), kMost))};
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

}  // namespace

const char* weft_version(void) { return WEFT_VERSION; }

weft_session* weft_load(const char* path, int threads, int train) {
  if (path == nullptr) {
    fail(WEFT_BAD_ARGUMENT, "there is no path");
    return nullptr;
  }
  return made([&] { return weft::Session::load(path, options(threads, train)); });
}

weft_session* weft_load_memory(const void* plan, size_t size, int threads, int train) {
  if (plan == nullptr || weft::c::beyond_memory(size)) {
    fail(WEFT_BAD_ARGUMENT,
         plan == nullptr ? "there is no plan" : "a plan cannot have so many bytes");
    return nullptr;
  }
  return made([&] {
    const auto bytes = std::make_shared<weft::AlignedBytes>(size);
    std::memcpy(bytes->data(), plan, size);
    weft::Plan decoded = weft::decode_plan(bytes->span(), "the plan in memory");
    decoded.owners.push_back(bytes);
    return weft::Session(std::move(decoded), options(threads, train));
  });
}

void weft_limit_memory(size_t bytes) { memory_limit = bytes; }

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

double weft_temperature(const weft_session* session) {
  return session == nullptr ? 0 : session->session.plan().temperature;
}

double weft_learning_rate(const weft_session* session) {
  return session == nullptr ? 0 : session->session.learning_rate();
}

int weft_reads_pairs(const weft_session* session) {
  return session != nullptr && session->session.encoder().reads_pairs() ? 1 : 0;
}

const char* weft_description(const weft_session* session) {
  return session == nullptr ? nullptr : session->session.plan().description.c_str();
}

weft_status weft_encode(weft_session* session, const char* text, size_t length, const char* pair,
                        size_t pair_length, int32_t* ids, int32_t* types, size_t capacity,
                        size_t* count) {
  if (session == nullptr) return fail(WEFT_BAD_ARGUMENT, "there is no session");
  if (count == nullptr) return fail(WEFT_BAD_ARGUMENT, "no room for the number of ids");
  return guarded([&] {
    const weft_status status = weft::c::check_text(text, length, pair, pair_length);
    if (status != WEFT_OK) return status;
    weft::TextInput input{{text, length}};
    if (pair != nullptr) input.pair = std::string_view(pair, pair_length);
    std::vector<int32_t>&found = session->ids, &found_types = session->types;
    session->session.encode_text(input, session->tokens, found, found_types);
    *count = found.size();
    if (capacity == 0) return WEFT_OK;
    if (ids == nullptr) return fail(WEFT_BAD_ARGUMENT, "no room for the ids");
    if (found.size() > capacity) {
      return fail(WEFT_BAD_ARGUMENT, "the text has " + std::to_string(found.size()) +
                                         " ids, but there is room for " + std::to_string(capacity));
    }
    std::ranges::copy(found, ids);
    found_types.resize(found.size(), 0);
    if (types != nullptr) std::ranges::copy(found_types, types);
    return WEFT_OK;
  });
}

size_t weft_token_count(const weft_session* session, const char* text, size_t length) {
  constexpr auto kFailed = static_cast<size_t>(-1);
  size_t count = kFailed;
  if (session == nullptr) {
    fail(WEFT_BAD_ARGUMENT, "there is no session");
    return count;
  }
  guarded([&] {
    const weft_status status = weft::c::check_text(text, length, nullptr, 0);
    if (status != WEFT_OK) return status;
    weft::TokenBuffer tokens;
    std::vector<std::int32_t> ids, types;
    session->session.encode_text({{text, length}}, tokens, ids, types);
    count = ids.size();
    return WEFT_OK;
  });
  return count;
}

size_t weft_logit_count(const weft_session* session) {
  if (session == nullptr) return 0;
  const weft::Graph& predict = *session->session.plan().program(weft::programs::kPredict);
  const weft::Value& logits = *predict.find_value(weft::programs::kLogits);
  return logits.type.shape.back() == weft::Dim(1) ? 1 : weft_label_count(session);
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
    *plan = weft::c::given_away(bytes);
    *size = bytes.size();
    return WEFT_OK;
  });
}

void weft_free_bytes(void* plan) { std::free(plan); }
