// Processes instead of threads: the parent loads the plan and forks, the children answer. They share
// the plan's memory, and what was computed when it was loaded, until somebody writes to it.
//
//   prefork PLAN CHILDREN FILE     child k answers the lines k, k + CHILDREN ... of FILE
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/weft.h"

static int failed(void) {
  fprintf(stderr, "prefork: %s\n", weft_error());
  return 1;
}

// What child number `child` does: `number of the line, label` for each of its lines.
static int answer(weft_session* session, const char* file, long child, long children) {
  FILE* lines = fopen(file, "r");
  if (lines == NULL) {
    perror(file);
    return 1;
  }
  int status = 0;
  static char line[1 << 16];
  for (long i = 0; status == 0 && fgets(line, sizeof line, lines) != NULL; ++i) {
    if (i % children != child) continue;
    const char* text = line;
    const size_t length = strcspn(line, "\r\n");
    int32_t label = 0;
    if (weft_predict(session, &text, &length, 1, &label, NULL) != WEFT_OK) {
      status = failed();
    } else {
      printf("%ld\t%s\n", i + 1, weft_label(session, label));
    }
  }
  fclose(lines);
  return status;
}

int main(int argc, char** argv) {
  const long children = argc == 4 ? strtol(argv[2], NULL, 10) : 0;
  if (children < 1) {
    fprintf(stderr, "usage: prefork PLAN CHILDREN FILE\n");
    return 2;
  }
  weft_session* session = weft_load(argv[1], /*threads=*/1, /*train=*/0);
  if (session == NULL) return failed();
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);  // whole lines, from several processes to one pipe
  int status = 0;
  for (long child = 0; child < children; ++child) {
    const pid_t forked = fork();
    if (forked == 0) exit(answer(session, argv[3], child, children));
    if (forked < 0) {
      perror("fork");
      status = 1;
    }
  }
  for (int ended = 0; wait(&ended) > 0;) {
    if (ended != 0) status = 1;
  }
  weft_free(session);
  return status;
}
