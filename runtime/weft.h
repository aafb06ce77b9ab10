// weft in C: a plan at work, text in, labels out. For C99 and all that can call it.
//
//   weft_session* session = weft_load("reviews.plan", 1, 0);
//   const char* text = "a fine film";
//   int32_t label;
//   if (!session || weft_predict(session, &text, NULL, 1, &label, NULL)) puts(weft_error());
//   else puts(weft_label(session, label));
//   weft_free(session);
//
// A session is not for two threads at once; weft_sibling gives one for another thread. Texts are
// UTF-8; what is not is read as unknown characters.
#ifndef WEFT_H_
#define WEFT_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEFT_API __attribute__((visibility("default")))

typedef struct weft_session weft_session;

typedef enum weft_status {
  WEFT_OK = 0,
  WEFT_BAD_ARGUMENT = 1,  // a null pointer, a label or a size that cannot be
  WEFT_FAILED = 2         // a file, a plan or the machine: weft_error() says what and the remedy
} weft_status;

// The message of the last call that failed on this thread; "" before any. Valid until the next
// failure.
WEFT_API const char* weft_error(void);

// Opens a plan; `threads` 0: as many as the machine grants. `train` not 0: weights are copied and
// weft_train_step is allowed. NULL on failure.
WEFT_API weft_session* weft_load(const char* path, int threads, int train);
// The file stays mapped, read-only: a process that writes into it or cuts it short ruins the
// session
// (`cp` over it does; weft_save, `weft train` and `mv` put a new file in its place and do not).
// Where that may happen, read it and use weft_load_memory, which copies the bytes.
WEFT_API weft_session* weft_load_memory(const void* plan, size_t size, int threads, int train);
// Another session on the same model; only of one that does not train. NULL on failure.
WEFT_API weft_session* weft_sibling(const weft_session* session);
WEFT_API void weft_free(weft_session* session);  // NULL is allowed

// The labels, numbered from 0; NULL beyond the last. As long as the session.
WEFT_API size_t weft_label_count(const weft_session* session);
WEFT_API const char* weft_label(const weft_session* session, int32_t label);

// The most probable label of each text, to labels[count], and, unless it is NULL, the probability
// of each label, to probabilities[count * weft_label_count]. `lengths` in bytes; NULL: texts end
// with a 0. A text's answer does not depend on the others.
WEFT_API weft_status weft_predict(weft_session* session, const char* const* texts,
                                  const size_t* lengths, size_t count, int32_t* labels,
                                  float* probabilities);

// The same of pairs of texts, for a plan that was trained on pairs (`text pair=true`).
WEFT_API weft_status weft_predict_pairs(weft_session* session, const char* const* texts,
                                        const size_t* lengths, const char* const* pairs,
                                        const size_t* pair_lengths, size_t count, int32_t* labels,
                                        float* probabilities);

// One step of the plan's optimizer on texts with one label each; the loss before it to `loss`
// unless that is NULL. At most weft_train_capacity texts. Fails if the rate is no number, 0 or
// above, and if the loss is none: training has diverged then, and weft_save refuses such weights.
WEFT_API weft_status weft_train_step(weft_session* session, const char* const* texts,
                                     const size_t* lengths, size_t count, const int32_t* labels,
                                     double learning_rate, double* loss);
WEFT_API weft_status weft_train_step_pairs(weft_session* session, const char* const* texts,
                                           const size_t* lengths, const char* const* pairs,
                                           const size_t* pair_lengths, size_t count,
                                           const int32_t* labels, double learning_rate,
                                           double* loss);
WEFT_API size_t weft_train_capacity(const weft_session* session);  // 0: it does not train

// Writes the weights as they are now as a plan: the file holds the old one or the new, whole.
WEFT_API weft_status weft_save(weft_session* session, const char* path);

#ifdef __cplusplus
}
#endif

#endif  // WEFT_H_
