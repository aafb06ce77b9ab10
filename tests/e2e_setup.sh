# What the scripts of tests/e2e share, to be sourced with the program as $1: a folder of their own to
# work in, and how a failure is told.
set -euo pipefail
weft=$(realpath "$1")
# In memory where there is room: plans and checkpoints are synced to the disk hundreds of times, which
# some machines take 50 ms for.
folder=${TMPDIR:-/tmp}
if [ -w /dev/shm ] && [ "$(df --output=avail -k /dev/shm | tail -n 1)" -ge 500000 ]; then
  folder=/dev/shm
fi
work=$(mktemp -d "$folder/weft.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
# says PATTERN COMMAND...: the command succeeds, and what it says on the way matches.
says() {
  local pattern=$1
  shift
  "$@" >out 2>message </dev/null || fail "status $? from: $* ($(cat message))"
  grep -qE -- "$pattern" message || fail "$* said: $(cat message), not: $pattern"
}
# Of arguments that are wrong whatever the files hold.
misused() {
  refuses "$@"
  shift
  local status=0
  "$@" >out 2>message </dev/null || status=$?
  [ "$status" -eq 2 ] || fail "status $status, not 2, from: $*"
}
silent() {
  "$@" >out 2>message </dev/null || fail "status $? from: $* ($(cat message))"
  [ ! -s message ] || fail "$* said: $(cat message)"
}
# refuses PATTERN COMMAND...: the command fails, and its message matches.
refuses() {
  local pattern=$1 status=0
  shift
  "$@" >out 2>message </dev/null || status=$?
  [ "$status" -ne 0 ] || fail "no error from: $*"
  [ "$status" -lt 128 ] || fail "status $status from: $*"
  grep -qE -- "$pattern" message || fail "$* said: $(cat message), not: $pattern"
}
# For a test that cannot be run here.
skip() {
  echo "skipped: $*"
  exit 0
}
# film_reviews COUNT WORDS: labelled texts that a model of any kind can tell apart, of three to nine
# noise words out of so many, and two that tell.
film_reviews() {
  awk -v count="$1" -v words="$2" 'BEGIN {
    srand(1); print "label\ttext"
    for (i = 0; i < count; ++i) {
      line = ""
      for (w = 0; w < 3 + i % 7; ++w) line = line "w" int(rand() * words) " "
      print (i % 2 ? "good\t" line "fine film" : "bad\t" line "dull film")
    }
  }'
}
