# What the tests of other languages' examples share, to be sourced after e2e_setup.sh: a plan, texts,
# and the answers that they must get.
examples=$(realpath "$tests/../examples")
library=$(dirname "$weft")/libweft.so

# A sanitizer must come first in a process: no other language's program begins with it.
if [ -e "$library" ] && [ "$(nm -D --undefined-only "$library" | grep -cE ' __(asan|ubsan|tsan)_')" -gt 0 ]; then
  skip "$library is built with a sanitizer"
fi

printf 'label\ttext\n' >data.tsv
for i in 1 2 3 4 5 6 7 8 9; do printf 'good\ta fine film %s\nbad\ta dull film %s\n' $i $i; done >>data.tsv
"$weft" new bow >bow.model
"$weft" train bow.model --data data.tsv --epochs 3 --threads 1 --quiet -o bow.plan 2>/dev/null
texts=("a fine film" "a dull film" "电影 «кино»" "")

# The labels are those of the program, each with a probability.
check_answers() {
  printf '%s\n' "${texts[@]}" | "$weft" predict bow.plan - 2>/dev/null >expected
  cut -f 1 "$1" | cmp -s - <(cut -f 1 expected) || fail "the answers are $(cat "$1")"
  [ "$(grep -cE $'^[a-z]+\t[01]\\.[0-9]{4}$' "$1")" -eq "${#texts[@]}" ] || fail "no numbers: $(cat "$1")"
}

# ./predict, a program that is linked with the library, answers as weft does and refuses what it must.
check_program() {
  export LD_LIBRARY_PATH
  LD_LIBRARY_PATH=$(dirname "$library")
  ./predict bow.plan "${texts[@]}" >out || fail "status $?"
  check_answers out
  refuses 'gone.plan: cannot be opened' ./predict gone.plan film
  misused 'usage: predict' ./predict
}
