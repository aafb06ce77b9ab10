// Learns on the device from a stream of lines `label<TAB>text`: it answers each text, is told the
// right label, and learns it. In the end the plan is saved, which is whole at any time.
//
//   stream PLAN OUT < lines.tsv
#include <stdio.h>
#include <string.h>

#include "runtime/weft.h"

static int failed(void) {
  fprintf(stderr, "stream: %s\n", weft_error());
  return 1;
}

// The number of a label; -1: the plan does not know it.
static int32_t number_of(const weft_session* session, const char* name) {
  for (int32_t label = 0; weft_label(session, label) != NULL; ++label) {
    if (strcmp(weft_label(session, label), name) == 0) return label;
  }
  return -1;
}

// One line: 1 if the answer was right, 0 if not, -1 on failure.
static int answer_and_learn(weft_session* session, const char* text, int32_t right, double rate) {
  int32_t label = 0;
  if (weft_predict(session, &text, NULL, 1, &label, NULL) != WEFT_OK) return -1;
  if (weft_train_step(session, &text, NULL, 1, &right, rate, NULL) != WEFT_OK) return -1;
  return label == right;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: stream PLAN OUT < lines.tsv\n");
    return 2;
  }
  weft_session* session = weft_load(argv[1], /*threads=*/1, /*train=*/1);
  if (session == NULL) return failed();
  const double rate = weft_learning_rate(session);
  int lines = 0, right = 0, status = 0;
  static char line[1 << 16];
  while (status == 0 && fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\r\n")] = '\0';
    char* tab = strchr(line, '\t');
    if (tab == NULL) continue;
    *tab = '\0';
    const int32_t label = number_of(session, line);
    if (label < 0) {
      fprintf(stderr, "stream: the plan has no label `%s`: the line is left out\n", line);
      continue;
    }
    const int answered = answer_and_learn(session, tab + 1, label, rate);
    if (answered < 0) status = failed();
    right += answered > 0;
    ++lines;
  }
  printf("%d of %d right\n", right, lines);
  if (status == 0 && weft_save(session, argv[2]) != WEFT_OK) status = failed();
  weft_free(session);
  return status;
}
