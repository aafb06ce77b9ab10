// Trains a model inside an application in C: texts in memory, progress by callback; then measures it,
// and asks it why. Needs frontend/c/weft_frontend.h and links libweft_frontend.so or weft::frontend.
//
//   fit_c
#include <stdio.h>
#include <string.h>

#include "frontend/c/weft_frontend.h"

static int failed(void) {
  fprintf(stderr, "fit_c: %s\n", weft_error());
  return 1;
}

// What a user would load from a database.
static const char* const kTexts[] = {
    "the film is wonderful", "the film is dull",  "the story moved me",   "the story bored me",
    "the ending is superb",  "the ending is bad", "the cast is a joy",    "the cast is a mess",
    "the film moved me",     "the film bored me", "the story is a joy",   "the story is a mess",
    "the cast is superb",    "the cast is bad",   "the ending moved me",  "the ending bored me"};
static const char* const kLabels[] = {"good", "bad", "good", "bad", "good", "bad", "good", "bad",
                                      "good", "bad", "good", "bad", "good", "bad", "good", "bad"};
enum { kCount = sizeof kTexts / sizeof kTexts[0] };

static const char* const kDescription =
    "model  opinions\n"
    "text   tokenizer=words max_tokens=50\n"
    "x      = embedding(text, width=16)\n"
    "logits = x | conv1d(channels=8, kernel=2) | relu | max_pool | linear(labels)\n"
    "output softmax(logits)\n"
    "train  adam(rate=0.02) batch=8 epochs=40\n";

// Ends training where the loss is small enough.
static int progress(void* user, const weft_fit_progress* now) {
  const double enough = *(const double*)user;
  if (now->done < now->texts) return 0;
  printf("epoch %2d  loss %.4f\n", (int)now->epoch, now->loss);
  return now->loss < enough;
}

static void message(void* user, const char* text) {
  (void)user;
  fprintf(stderr, "%s\n", text);
}

static weft_session* trained(void) {
  double enough = 0.05;
  weft_fit_options options = {0};
  options.size = sizeof options;
  options.description = kDescription;
  options.settings = "seed=7";
  options.threads = 1;
  options.progress = progress;
  options.message = message;
  options.user = &enough;
  void* plan = NULL;
  size_t size = 0;
  if (weft_fit(&options, kTexts, NULL, NULL, NULL, kCount, kLabels, NULL, &plan, &size) != WEFT_OK) {
    return NULL;
  }
  weft_session* session = weft_load_memory(plan, size, 1, 0);
  weft_free_bytes(plan);
  return session;
}

// What each word of the text adds to the logit of its label.
static int explain(weft_session* session, const char* text) {
  int32_t label = 0;
  weft_explanation why;
  if (weft_predict(session, &text, NULL, 1, &label, NULL) != WEFT_OK) return failed();
  if (weft_explain(session, text, strlen(text), NULL, 0, label, &why) != WEFT_OK) return failed();
  printf("%s: %s\n", text, weft_label(session, label));
  for (size_t i = 0; i < why.word_count; ++i) {
    const weft_word* word = &why.words[i];
    printf("  %+.3f  %.*s\n", word->contribution, (int)(word->end - word->begin),
           text + word->begin);
  }
  weft_free_explanation(&why);
  return 0;
}

int main(void) {
  weft_session* session = trained();
  if (session == NULL) return failed();
  int32_t labels[kCount];
  for (int i = 0; i < kCount; ++i) {
    labels[i] = strcmp(weft_label(session, 0), kLabels[i]) == 0 ? 0 : 1;
  }
  double accuracy = 0;
  int status = 0;
  if (weft_evaluate(session, kTexts, NULL, NULL, NULL, kCount, labels, NULL, &accuracy, NULL,
                    NULL) != WEFT_OK) {
    status = failed();
  }
  printf("right on %.0f %% of what it has learnt\n", 100 * accuracy);
  if (status == 0) status = explain(session, "the story is superb");
  weft_free(session);
  return status;
}
