// weft in C, second part: measures, calibrates and explains a plan, and trains one on texts in
// memory. All this needs the compiler: link libweft_frontend.so, which has the functions of
// runtime/weft.h too, in the place of libweft.so; or the static weft::frontend. runtime/weft.h says
// what holds of every call.
//
//   const char* texts[] = {"a fine film", "a dull book", ...};
//   const char* labels[] = {"good", "bad", ...};
//   void* plan;
//   size_t size;
//   if (weft_fit(NULL, texts, NULL, NULL, NULL, count, labels, NULL, &plan, &size) != WEFT_OK) {
//     puts(weft_error());
//   }
//   weft_session* session = weft_load_memory(plan, size, 1, 0);
//   weft_free_bytes(plan);
//
// Labelled texts are given alike everywhere: `count` texts; `lengths` in bytes, or NULL if each
// ends with a 0; `pairs`, the second texts, for a plan that reads pairs, else NULL; `pair_lengths`
// likewise; and their labels. `label_offsets` NULL: each text has one label. Else text i has
// labels[label_offsets[i]] to labels[label_offsets[i + 1] - 1], no label twice; count + 1 offsets,
// from 0 on, never falling.
#ifndef WEFT_FRONTEND_H_
#define WEFT_FRONTEND_H_

#include "runtime/weft.h"

#ifdef __cplusplus
extern "C" {
#endif

// How good the session's answers are. `accuracy`, 0 to 1; with WEFT_MANY_LABELS, of whole sets of
// labels, by the plan's threshold. `macro_f1`, 0 to 1: the mean of the labels' F1, so that rare
// labels count as much as frequent ones. `loss`: the mean cross-entropy, in nats, before a
// temperature. Each may be NULL.
WEFT_API weft_status weft_evaluate(weft_session* session, const char* const* texts,
                                   const size_t* lengths, const char* const* pairs,
                                   const size_t* pair_lengths, size_t count, const int32_t* labels,
                                   const int64_t* label_offsets, double* accuracy, double* macro_f1,
                                   double* loss);

// Finds the temperature at which the session's probabilities say best how often they are right on
// these texts, which it must not have been trained on, some hundreds at least; and gives it to the
// session, which has no siblings yet. Labels stay as they are; with WEFT_MANY_LABELS the threshold
// goes along. The temperature to `temperature` unless that is NULL. weft_save keeps it.
WEFT_API weft_status weft_calibrate(weft_session* session, const char* const* texts,
                                    const size_t* lengths, const char* const* pairs,
                                    const size_t* pair_lengths, size_t count, const int32_t* labels,
                                    const int64_t* label_offsets, double* temperature);

// A word of a text, or what the plan's tokenizer takes for one: with tokenizer=ngrams also groups
// of letters, with word_ngrams also neighbouring words, so that one may lie within another.
typedef struct weft_word {
  size_t begin, end;    // in bytes of its text; `end` is behind it
  int in_pair;          // 1: of the second text
  int known;            // 0: the plan's vocabulary lacks it
  double contribution;  // to the label's logit
} weft_word;

// Words side by side that the model sees together, by a convolution; without one, a single word.
typedef struct weft_ngram {
  size_t first, last;   // words[first] to words[last]
  double contribution;  // of these words together; not 0
} weft_ngram;

typedef struct weft_explanation {
  double logit;  // of the label; where one number tells two labels apart, the first's is negative
  double bias;   // the part of it that does not depend on words
  int exact;     // 1: bias and contributions add up to the logit. 0: an approximation, by gradients
  size_t word_count, ngram_count;
  weft_word* words;    // as in the text; each has its part of what its n-grams contribute
  weft_ngram* ngrams;  // by size of their contributions, the largest first
} weft_explanation;

// Finds how much each n-gram of a text adds to the label's logit, and so each word. Exact for
// models that are linear behind their pooling; fails for others, unless they are pretrained
// encoders. `pair`: the second text, or NULL. The explanation is the caller's, until
// weft_free_explanation. It takes tens of milliseconds, not the microseconds of an answer.
WEFT_API weft_status weft_explain(weft_session* session, const char* text, size_t length,
                                  const char* pair, size_t pair_length, int32_t label,
                                  weft_explanation* explanation);
WEFT_API void weft_free_explanation(weft_explanation* explanation);  // NULL is allowed

// The progress of training after a step, or after an epoch: then done == texts.
typedef struct weft_fit_progress {
  int64_t epoch, epochs;  // this one, from 1; of all
  size_t done, texts;     // of the epoch; in each epoch
  double loss;            // mean of the epoch so far
  double accuracy;        // on texts that are held out, after an epoch; else not a number
} weft_fit_progress;

typedef struct weft_fit_options {
  size_t size;              // sizeof(weft_fit_options): tells the version of this struct
  const char* description;  // a model description; NULL: the starter that fits the texts
  const char* settings;     // changes to it, as `weft train --set` takes: "epochs=5 rate=0.01
                            // seed=3", with white space between them; NULL: none
  double valid_fraction;    // the share of the texts to hold out, below 1, to choose the best epoch
                            // by; 0: none, and the last epoch is kept, or the mean
                            // of the last ones, as the description's `average=` says
  int threads;              // 0: as many as the machine grants
  // Called from the thread that calls weft_fit; NULL: not called. They must return: no exception,
  // no longjmp. `progress` returns 0 to go on; else training ends, and the plan is of the epochs
  // that have ended.
  int (*progress)(void* user, const weft_fit_progress* now);
  void (*message)(void* user, const char* message);  // a remark or a warning about the data
  void* user;                                        // for both
} weft_fit_options;

// Trains a plan on texts with their labels by name. `options` NULL: all by default. Pairs need a
// description that reads them (`text pair=true`). The plan to *plan, *size: it is the caller's
// until weft_free_bytes. Fails where training diverges, and where `progress` stops it before the
// first epoch has ended. weft_train_step teaches a plan more.
WEFT_API weft_status weft_fit(const weft_fit_options* options, const char* const* texts,
                              const size_t* lengths, const char* const* pairs,
                              const size_t* pair_lengths, size_t count, const char* const* labels,
                              const int64_t* label_offsets, void** plan, size_t* size);

#ifdef __cplusplus
}
#endif

#endif  // WEFT_FRONTEND_H_
