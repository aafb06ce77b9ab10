// Predicting after load makes no oneDNN primitive and, where oneDNN has no part in it, allocates
// nothing: counted, in a program of its own, because it replaces the allocator's entries. (Each
// call of oneDNN allocates its lists of arguments.)
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "frontend/train/build_plan.h"
#include "frontend/train/dataset.h"
#include "runtime/kernels/counters.h"
#include "runtime/resources/threads.h"
#include "runtime/session.h"
#include "tests/support/small_model.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<std::int64_t> allocations{0};

[[maybe_unused]] void count() {
  if (counting.load(std::memory_order_relaxed)) ++allocations;
}

}  // namespace

// A debug build allocates to poison memory, and its sanitizer has an allocator of its own: there
// only primitives are counted.
#if defined(__GLIBC__) && defined(NDEBUG)
constexpr bool kCounts = true;

// glibc's own names of its allocator: operator new, C and the libraries all come through here.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

__attribute__((visibility("default"))) void* malloc(std::size_t size) {
  count();
  return __libc_malloc(size);
}
__attribute__((visibility("default"))) void* calloc(std::size_t number, std::size_t size) {
  count();
  return __libc_calloc(number, size);
}
__attribute__((visibility("default"))) void* realloc(void* old, std::size_t size) {
  count();
  return __libc_realloc(old, size);
}
__attribute__((visibility("default"))) void* memalign(std::size_t alignment, std::size_t size) {
  count();
  return __libc_memalign(alignment, size);
}
__attribute__((visibility("default"))) void* aligned_alloc(std::size_t alignment,
                                                           std::size_t size) {
  count();
  return __libc_memalign(alignment, size);
}
__attribute__((visibility("default"))) int posix_memalign(void** to, std::size_t alignment,
                                                          std::size_t size) {
  count();
  *to = __libc_memalign(alignment, size);
  return *to == nullptr ? 12 : 0;  // ENOMEM
}
}
#else
constexpr bool kCounts = false;
#endif

namespace weft {
namespace {

bool failed = false;

void expect_none(const std::string& what, std::int64_t found) {
  if (found == 0) return;
  fmt::print("FAILED: {}: {}\n", what, found);
  failed = true;
}

// Runs `request` and holds it to creating nothing and, if `strict`, to allocating nothing.
template <typename Request>
void check(const std::string& what, bool strict, Request request) {
  const std::int64_t primitives = onednn_primitives_created();
  allocations = 0;
  counting = true;
  request();
  counting = false;
  if (strict) expect_none(what + ": allocations", allocations);
  expect_none(what + ": primitives created", onednn_primitives_created() - primitives);
}

struct Description {
  std::string name, body;
  bool one_convolution = false;  // at most, above lookups: rewritten, it needs no oneDNN
};

const std::vector<Description> kModels = {
    {"textcnn",
     "x = embedding(text, width=16)\n"
     "a = x | conv1d(channels=20, kernel=3) | relu | max_pool\n"
     "b = x | conv1d(channels=20, kernel=5) | relu | max_pool\n"
     "logits = concat(a, b) | dropout(0.5) | linear(labels)\n",
     true},
    {"stacked",
     "x = embedding(text, width=16)\n"
     "h = x | conv1d(channels=16, kernel=3) | relu | max_pool(size=2)\n"
     "a = h | conv1d(channels=24, kernel=3) | relu | max_pool\n"
     "logits = a | linear(64) | tanh | linear(labels)\n"},
    {"mean",
     "x = embedding(text, width=16)\n"
     "logits = x | mean_pool | linear(labels)\n",
     true}};

// Texts of 0 to 12 words, as many as a request may need cutting into pieces.
std::vector<std::string> some_texts(std::size_t count) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    texts.emplace_back();
    for (std::size_t w = 0; w < i % 13; ++w) texts.back() += fmt::format("w{} ", (i * 7 + w) % 20);
  }
  return texts;
}

// Returns when the pool's threads are all at work: a thread's own start allocates, once a process.
void start_threads(int threads) {
  struct Meeting {
    int threads;
    std::atomic<int> arrived{0};
  } meeting{threads};
  run_parts(
      threads,
      [](void* context, int) {
        auto& m = *static_cast<Meeting*>(context);
        for (++m.arrived; m.arrived < m.threads;) std::this_thread::yield();
      },
      &meeting);
}

void check_model(const Description& model, bool rewrites, DType table, int threads,
                 const std::string& lengths = "max_tokens=12") {
  CompileOptions options;
  options.rewrites = rewrites;
  options.tables.dtype = table;
  const Plan plan = build_plan(
      parse_description("model m\ntext tokenizer=words " + lengths + "\n" + model.body +
                            "output softmax(logits)\ntrain adam(rate=0.01) batch=8 epochs=1\n",
                        "m.model"),
      Overrides(std::vector<std::string>{}), test::small_corpus(), options);
  const std::string name =
      fmt::format("{}, {}, table {}, {} threads, {}", model.name, rewrites ? "rewritten" : "plain",
                  to_string(table), threads, lengths);
  const bool strict = kCounts && model.one_convolution && rewrites;
  const std::vector<std::string> owned = some_texts(700);
  const std::vector<std::string_view> texts(owned.begin(), owned.end());
  std::vector<std::int32_t> ids;
  std::vector<std::int64_t> offsets{0};
  Predictions out;
  {
    // The caller's own buffers get their size from another session.
    Session other(plan, {.threads = threads});
    TokenBuffer buffer;
    for (const std::string_view text : texts) {
      other.encoder().encode(text, buffer, ids);
      offsets.push_back(static_cast<std::int64_t>(ids.size()));
    }
    other.predict(texts, out);
  }
  start_threads(threads);
  // From here on nothing has been asked of this session.
  Session session(plan, {.threads = threads});
  for (const std::size_t count : {1U, 2U, 3U, 17U, 64U, 700U, 1U}) {
    const std::span<const std::int64_t> some = std::span(offsets).first(count + 1);
    check(fmt::format("{}: {} texts from ids", name, count), strict, [&] {
      session.predict_ids({ids, some}, out);
    });
  }
  for (const std::size_t count : {1U, 5U, 700U}) {
    const std::span<const std::string_view> some = std::span(texts).first(count);
    // Text has to be taken apart: that room is made by the first request of that kind.
    if (count == 1) session.predict(texts, out);
    check(fmt::format("{}: {} texts", name, count), strict, [&] { session.predict(some, out); });
  }
}

int run() {
  for (const Description& model : kModels) {
    for (const int threads : {1, 2}) {
      check_model(model, true, DType::f32, threads);
      check_model(model, false, DType::f32, threads);
    }
  }
  check_model(kModels[0], true, DType::i16, 1);
  check_model(kModels[0], true, DType::i8, 1);
  check_model(kModels[0], true, DType::f32, 1, "max_tokens=4 long=windows max_windows=3 overlap=1");
  // The counters count: without this, the rest would prove nothing.
  counting = true;
  const std::vector<int> some(1000);
  counting = false;
  if ((kCounts && allocations == 0) || some.empty()) {
    fmt::print("FAILED: allocations are not counted\n");
    failed = true;
  }
  if (!failed) fmt::print("predicting after load allocates nothing and makes no primitive\n");
  return failed ? 1 : 0;
}

}  // namespace
}  // namespace weft

int main() { return weft::run(); }
