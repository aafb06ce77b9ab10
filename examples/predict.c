// Labels lines: a text in, its label and the label's probability out. Needs runtime/weft.h only.
//
//   predict PLAN < lines.txt
#include <stdio.h>
#include <string.h>

#include "runtime/weft.h"

static int failed(void) {
  fprintf(stderr, "predict: %s\n", weft_error());
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: predict PLAN < lines.txt\n");
    return 2;
  }
  weft_session* session = weft_load(argv[1], /*threads=*/1, /*train=*/0);
  if (session == NULL) return failed();
  int status = 0;
  static char line[1 << 16];
  while (status == 0 && fgets(line, sizeof line, stdin) != NULL) {
    const char* text = line;
    const size_t length = strcspn(line, "\r\n");
    int32_t label = 0;
    float probability = 0;
    if (weft_predict_top(session, &text, &length, 1, /*k=*/1, &label, &probability) == WEFT_OK) {
      printf("%s\t%.4f\n", weft_label(session, label), (double)probability);
    } else {
      status = failed();
    }
  }
  weft_free(session);
  return status;
}
