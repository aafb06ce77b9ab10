# What the scripts of tests/e2e share, to be sourced with the program as $1: a folder of their own to
# work in, and how a failure is told.
set -euo pipefail
weft=$(realpath "$1")
work=$(mktemp -d)
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
