// The same from C: asks a plan about each text, then, where a label is given, learns it and asks
// again. Needs runtime/weft.h only.
//
//   embed_c PLAN LABEL TEXT...     LABEL `-`: only ask
#include <stdio.h>
#include <string.h>

#include "runtime/weft.h"

static int failed(void) {
  fprintf(stderr, "embed_c: %s\n", weft_error());
  return 1;
}

static int answer(weft_session* session, const char* const* texts, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    int32_t label = 0;
    if (weft_predict(session, texts + i, NULL, 1, &label, NULL) != WEFT_OK) return failed();
    printf("%s\n", weft_label(session, label));
  }
  return 0;
}

// Takes every text to have the label: twenty steps of training, text by text.
static int learn(weft_session* session, const char* name, const char* const* texts, size_t count) {
  int32_t label = 0;
  while (weft_label(session, label) != NULL && strcmp(weft_label(session, label), name) != 0) {
    ++label;
  }
  const double rate = weft_learning_rate(session);
  for (int step = 0; step < 20; ++step) {
    for (size_t i = 0; i < count; ++i) {
      if (weft_train_step(session, texts + i, NULL, 1, &label, rate, NULL) != WEFT_OK) {
        return failed();
      }
    }
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: embed_c PLAN LABEL TEXT...\n");
    return 2;
  }
  const char* const* texts = (const char* const*)(argv + 3);
  const size_t count = (size_t)(argc - 3);
  const int train = strcmp(argv[2], "-") != 0;
  weft_session* session = weft_load(argv[1], 1, train);
  if (session == NULL) return failed();
  int status = answer(session, texts, count);
  if (status == 0 && train) status = learn(session, argv[2], texts, count);
  if (status == 0 && train) status = answer(session, texts, count);
  weft_free(session);
  return status;
}
