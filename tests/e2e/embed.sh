#!/usr/bin/env bash
# The example application on a plan of the program's: it answers, learns, and answers otherwise.
#   bash tests/e2e/embed.sh build/weft
set -euo pipefail
weft=$(realpath "$1")
embed=$(dirname "$weft")/examples/embed
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

awk 'BEGIN {
  print "label\ttext"
  for (i = 0; i < 60; ++i) print (i % 2 ? "good\ta fine film " i : "bad\ta dull film " i)
}' >data.tsv
"$weft" new bow >bow.model
"$weft" train bow.model --data data.tsv --epochs 5 --rate 0.05 --threads 1 --quiet -o bow.plan

"$embed" bow.plan good "a fine film" "a dull film" >answers
[ "$(cut -f 1 answers | tr '\n' ' ')" != "good bad good bad " ] || {
  echo "FAILED: twenty steps taught nothing: $(cat answers)" >&2
  exit 1
}
[ "$(head -n 2 answers | cut -f 1 | tr '\n' ' ')" = "good bad " ]
"${embed}_c" bow.plan good "a fine film" "a dull film" >answers
[ "$(tr '\n' ' ' <answers)" != "good bad good bad " ] || {
  echo "FAILED: C learnt nothing: $(cat answers)" >&2
  exit 1
}
[ "$(head -n 2 answers | tr '\n' ' ')" = "good bad " ]
if "${embed}_c" gone.plan - "a film" 2>message; then exit 1; fi
grep -q "gone.plan: cannot be opened" message
if "${embed}_c" bow.plan excellent "a film" >/dev/null 2>message; then exit 1; fi
grep -q "there is no label 2: the plan has 2" message
if "$embed" bow.plan excellent "a film" >/dev/null 2>message; then exit 1; fi
grep -q "no such label: excellent" message && grep -q "it has: bad good" message
