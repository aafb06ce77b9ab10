// weft in C: a plan at work, text in, labels out. For C99 and all that can call it.
//
//   weft_session* session = weft_load("reviews.plan", 1, 0);
//   const char* text = "a fine film";
//   int32_t label;
//   if (!session || weft_predict(session, &text, NULL, 1, &label, NULL)) puts(weft_error());
//   else puts(weft_label(session, label));
//   weft_free(session);
//
// Texts are UTF-8; what is not is read as unknown characters.
//
// Threads: a call may run at any time on any thread, but no two calls at once on one session.
// Sessions do not wait for each other: a thread takes one of its own by weft_sibling, or by
// weft_load. weft_error is per thread. After fork() a child may go on with the sessions it was
// given. The library prints nothing, starts no thread unless `threads` asks for it, handles no
// signals and leaves locales alone. A signal to a thread that computes may wait until a product of
// matrices is done: for milliseconds. Threads that it starts help the thread that calls, whatever
// its session, and end with that thread: a server with threads of its own loads with `threads` 1.
//
// Memory: what a call returns stays the library's and lives as long as the session, unless the
// call says otherwise. Rooms for answers are the caller's; what they hold after a failure means
// nothing.
//
// Versions: the third number of weft_version changes no call; from 1.0 on, the second only adds
// calls. Measuring, calibrating, explaining and training from a description need the compiler:
// frontend/c/weft_frontend.h.
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
  // A null pointer, a count, length, k or offsets that cannot be, no room: an error of the program
  // that calls.
  WEFT_BAD_ARGUMENT = 1,
  // All else: a file, a plan, a label, an id, a pair for a plan of one text, a batch that is too
  // large, no memory, an answer that is no number.
  WEFT_FAILED = 2
} weft_status;

// The message, with the remedy, of the last call that failed on this thread; "" before any. Valid
// until the next failure.
WEFT_API const char* weft_error(void);

// Opens a plan; `threads`: that a call uses, at most 4096; 0: as many as the machine grants; some
// memory is taken for each. `train` not 0: weights are copied and weft_train_step is allowed. NULL
// on failure.
WEFT_API weft_session* weft_load(const char* path, int threads, int train);
// The same of a plan in memory, whose bytes are copied.
//
// weft_load maps its file and reads it as long as the session lives, whether it trains or not. A
// process that writes into that file (`cp` over it does) gives the session wrong numbers, and one
// that cuts it short ends this process by SIGBUS; weft_save, `weft train` and `mv` put a new file
// in its place and do no harm. Where others may write, read the file and use weft_load_memory.
WEFT_API weft_session* weft_load_memory(const void* plan, size_t size, int threads, int train);
// From now on weft_load and weft_load_memory refuse plans that take more than so many bytes:
// weights or their copies, tables made at load, working memory, reckoned before any of it is taken,
// for one thread. On top come the plan's own bytes and, at work, 10 to 30 MB of code and buffers.
// 0, the default: no limit. For the whole process. A plan that others made is checked in full
// before use, whatever it holds, but may ask for any amount of memory.
WEFT_API void weft_limit_memory(size_t bytes);
// Another session on the same model; only of one that does not train.
// Either may be freed first. NULL on failure.
WEFT_API weft_session* weft_sibling(const weft_session* session);
WEFT_API void weft_free(weft_session* session);  // NULL is allowed

WEFT_API const char* weft_version(void);  // of this library: "1.2.3"

// The labels, numbered from 0; NULL beyond the last. As long as the session.
WEFT_API size_t weft_label_count(const weft_session* session);
WEFT_API const char* weft_label(const weft_session* session, int32_t label);

// A text has one label, the most probable one; or any number of labels, each of a probability from
// the threshold on.
typedef enum weft_task { WEFT_ONE_LABEL = 0, WEFT_MANY_LABELS = 1 } weft_task;
WEFT_API weft_task weft_plan_task(const weft_session* session);
WEFT_API double weft_threshold(const weft_session* session);  // 0 to 1; of WEFT_MANY_LABELS
// Logits are divided by it before they become probabilities; 1 unless the plan is calibrated.
WEFT_API double weft_temperature(const weft_session* session);
// The highest learning rate that the plan was trained with, for further steps; 0 if it never was.
WEFT_API double weft_learning_rate(const weft_session* session);
// 1 if the plan reads pairs of texts, 0 if it reads one text.
WEFT_API int weft_reads_pairs(const weft_session* session);
// The description the plan was made from; as long as the session.
WEFT_API const char* weft_description(const weft_session* session);

// The ids that the model reads of a text, special tokens included, once it is cut to the most that
// the plan reads; (size_t)-1 on failure.
WEFT_API size_t weft_token_count(const weft_session* session, const char* text, size_t length);
// These ids, for the calls on ids: to ids[capacity] and, unless `types` is null, the type of each,
// which of two texts it is of. `pair`: the second text, or NULL. Their number to `count`, in any
// case; `capacity` 0 only counts, else WEFT_BAD_ARGUMENT if they are more.
WEFT_API weft_status weft_encode(weft_session* session, const char* text, size_t length,
                                 const char* pair, size_t pair_length, int32_t* ids, int32_t* types,
                                 size_t capacity, size_t* count);

// Answers. Each call comes in three forms. Of `count` texts:
//   texts, lengths    in bytes; lengths NULL: each text ends with a 0
// of pairs of texts, for a plan that was trained on pairs (`text pair=true`), as `..._pairs`:
//   pairs, pair_lengths    the second texts, likewise
// and of ids that weft_encode made, as `..._ids`: text i has the ids ids[offsets[i]] to
// ids[offsets[i + 1] - 1]; count + 1 offsets, from 0 on, never falling:
//   types             of each id; NULL: all are 0
// `count` may be any number: texts are run in batches of the plan's capacity, on the session's
// threads, and a text's answer does not depend on the others. Many texts in one call are answered
// faster than one by one. NULL for `probabilities` is allowed.

// The most probable label of each text, to labels[count], and the probability of each label, to
// probabilities[count * weft_label_count].
WEFT_API weft_status weft_predict(weft_session* session, const char* const* texts,
                                  const size_t* lengths, size_t count, int32_t* labels,
                                  float* probabilities);
WEFT_API weft_status weft_predict_pairs(weft_session* session, const char* const* texts,
                                        const size_t* lengths, const char* const* pairs,
                                        const size_t* pair_lengths, size_t count, int32_t* labels,
                                        float* probabilities);
WEFT_API weft_status weft_predict_ids(weft_session* session, const int32_t* ids,
                                      const int32_t* types, const int64_t* offsets, size_t count,
                                      int32_t* labels, float* probabilities);

// The `k` most probable labels of each text, the most probable first, of equal ones the first
// label: text i's are labels[i * k] to labels[i * k + k - 1], and their probabilities likewise. k
// is 1 to weft_label_count.
WEFT_API weft_status weft_predict_top(weft_session* session, const char* const* texts,
                                      const size_t* lengths, size_t count, size_t k,
                                      int32_t* labels, float* probabilities);
WEFT_API weft_status weft_predict_top_pairs(weft_session* session, const char* const* texts,
                                            const size_t* lengths, const char* const* pairs,
                                            const size_t* pair_lengths, size_t count, size_t k,
                                            int32_t* labels, float* probabilities);
WEFT_API weft_status weft_predict_top_ids(weft_session* session, const int32_t* ids,
                                          const int32_t* types, const int64_t* offsets,
                                          size_t count, size_t k, int32_t* labels,
                                          float* probabilities);

// The labels that each text has by the plan: its most probable one, or, with WEFT_MANY_LABELS, all
// from the threshold on, the most probable first; none if none reaches it. Text i has counts[i]
// labels, from labels[i * weft_label_count] on; their probabilities likewise.
WEFT_API weft_status weft_classify(weft_session* session, const char* const* texts,
                                   const size_t* lengths, size_t count, size_t* counts,
                                   int32_t* labels, float* probabilities);
WEFT_API weft_status weft_classify_pairs(weft_session* session, const char* const* texts,
                                         const size_t* lengths, const char* const* pairs,
                                         const size_t* pair_lengths, size_t count, size_t* counts,
                                         int32_t* labels, float* probabilities);
WEFT_API weft_status weft_classify_ids(weft_session* session, const int32_t* ids,
                                       const int32_t* types, const int64_t* offsets, size_t count,
                                       size_t* counts, int32_t* labels, float* probabilities);

// The numbers that softmax or sigmoid is applied to (a calibrated plan divides them by its
// temperature first), to logits[count * weft_logit_count]: one per label, or a single one that
// tells two labels apart, above 0 for the second.
WEFT_API size_t weft_logit_count(const weft_session* session);
WEFT_API weft_status weft_predict_logits(weft_session* session, const char* const* texts,
                                         const size_t* lengths, size_t count, float* logits);
WEFT_API weft_status weft_predict_logits_pairs(weft_session* session, const char* const* texts,
                                               const size_t* lengths, const char* const* pairs,
                                               const size_t* pair_lengths, size_t count,
                                               float* logits);
WEFT_API weft_status weft_predict_logits_ids(weft_session* session, const int32_t* ids,
                                             const int32_t* types, const int64_t* offsets,
                                             size_t count, float* logits);

// One step of the plan's optimizer on texts with one label each, in the same three forms; the loss
// before it to `loss` unless that is NULL. At most weft_train_capacity texts. Fails unless the rate
// is finite and at least 0; and if the loss is not finite: training has diverged then, and
// weft_save refuses such weights.
WEFT_API weft_status weft_train_step(weft_session* session, const char* const* texts,
                                     const size_t* lengths, size_t count, const int32_t* labels,
                                     double learning_rate, double* loss);
WEFT_API weft_status weft_train_step_pairs(weft_session* session, const char* const* texts,
                                           const size_t* lengths, const char* const* pairs,
                                           const size_t* pair_lengths, size_t count,
                                           const int32_t* labels, double learning_rate,
                                           double* loss);
WEFT_API weft_status weft_train_step_ids(weft_session* session, const int32_t* ids,
                                         const int32_t* types, const int64_t* offsets, size_t count,
                                         const int32_t* labels, double learning_rate, double* loss);
// The same of texts with any number of labels, for WEFT_MANY_LABELS: text i has
// labels[label_offsets[i]] to labels[label_offsets[i + 1] - 1]; count + 1 offsets, from 0 on,
// never falling.
WEFT_API weft_status weft_train_step_labels(weft_session* session, const char* const* texts,
                                            const size_t* lengths, size_t count,
                                            const int32_t* labels, const int64_t* label_offsets,
                                            double learning_rate, double* loss);
WEFT_API weft_status weft_train_step_labels_pairs(weft_session* session, const char* const* texts,
                                                  const size_t* lengths, const char* const* pairs,
                                                  const size_t* pair_lengths, size_t count,
                                                  const int32_t* labels,
                                                  const int64_t* label_offsets,
                                                  double learning_rate, double* loss);
WEFT_API weft_status weft_train_step_labels_ids(weft_session* session, const int32_t* ids,
                                                const int32_t* types, const int64_t* offsets,
                                                size_t count, const int32_t* labels,
                                                const int64_t* label_offsets, double learning_rate,
                                                double* loss);
// What a step takes at most: texts, and ids of them all together (see weft_token_count). 0: the
// session does not train.
WEFT_API size_t weft_train_capacity(const weft_session* session);
WEFT_API size_t weft_train_token_capacity(const weft_session* session);

// Writes the weights as they are now as a plan: the file holds the old one or the new, whole.
WEFT_API weft_status weft_save(weft_session* session, const char* path);
// The same to memory, which is the caller's until weft_free_bytes.
WEFT_API weft_status weft_save_memory(weft_session* session, void** plan, size_t* size);
WEFT_API void weft_free_bytes(void* plan);  // NULL is allowed

#ifdef __cplusplus
}
#endif

#endif  // WEFT_H_
