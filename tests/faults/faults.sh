#!/usr/bin/env bash
# The n-th allocation, write, fsync, rename, mmap or new thread fails, once or from then on: a command
# does its work all the same or ends with 1 and one message; the file that it writes is whole, the old
# one or the new; nothing else is left behind.
#   bash tests/faults/faults.sh build/weft build/tests/libweft_faults.so
# WEFT_FAULTS=N tries N values of n for each command and call, once and from then on, instead of 7;
# WEFT_FAULTS=all tries every one, which takes hours.
library=$(realpath "$2")
source "$(dirname "$0")/../e2e_setup.sh"
most=${WEFT_FAULTS:-7}
if nm -C "$weft" 2>/dev/null | grep -c __asan_init >/dev/null; then
  echo "skipped: a sanitizer has an allocator of its own"
  exit 0
fi

printf '%s\t%s\n' label text good "a fine film" bad "a dull film" good fine bad "dull thing" >data.tsv
cut -f 2 data.tsv >texts
cat >small.model <<'END'
model small
text   tokenizer=words max_tokens=12
x      = embedding(text, width=8)
logits = x | conv1d(channels=4, kernel=3) | relu | max_pool | linear(labels)
output softmax(logits)
train  adam(rate=0.01) batch=2 epochs=2 average=2
END
"$weft" train small.model --data data.tsv --threads 1 --quiet -o old 2>message

# What a command reads lies here, what it writes in the folder `out`.
declare -A commands=(
  [train]="train small.model --data data.tsv --seed 3 --threads 2 --quiet -o out/file"
  [predict]="predict old texts --threads 2"
  [eval]="eval old --data data.tsv --threads 2"
  [compile]="compile old --predict-only -o out/file"
)

# run COMMAND [VARIABLE=VALUE...]: what it says is in `said` and `message`, its status in $status.
run() {
  local arguments
  read -ra arguments <<<"${commands[$1]}"
  shift
  rm -rf out
  mkdir out
  cp old out/file
  status=0
  timeout 20 env "$@" "$weft" "${arguments[@]}" >said 2>message </dev/null || status=$?
}

# judge COMMAND WHAT: fails unless the outcome of the run is one of those allowed.
judge() {
  local name=$1 what="$1 with $2" line messages=0
  local files=(out/.[!.]* out/*)
  [ "${files[*]}" = "out/.[!.]* out/file" ] || fail "$what leaves ${files[*]}"
  if [ "$status" -eq 0 ]; then
    cmp -s out/file "$name.file" && cmp -s said "$name.said" || fail "$what: success, another result"
    ((++succeeded))
    return
  fi
  [ "$status" -eq 1 ] || fail "$what: status $status: $(head -c 500 message)"
  while IFS= read -r line; do
    case $line in *warning:* | " "* | "") ;; *) ((++messages)) ;; esac
  done <message
  [ "$messages" -eq 1 ] || fail "$what: $messages messages: $(head -c 500 message)"
  cmp -s out/file old || cmp -s out/file "$name.file" || fail "$what: the file is neither old nor new"
  ((++refused))
}

tried=0
for name in compile predict eval train; do
  run "$name"
  [ "$status" -eq 0 ] || fail "$name: $(cat message)"
  cp out/file "$name.file"
  cp said "$name.said"
  for call in malloc write short_write interrupt fsync rename mmap pthread_create nameless; do
    preload=("LD_PRELOAD=$library" "WEFT_FAULT=$call")
    run "$name" "${preload[@]}" WEFT_FAULT_COUNT=count
    count=$(<count)
    succeeded=0 refused=0
    # All of a few; else at equal ratios from the first to the last.
    for n in $(awk -v count="$count" -v most="$most" 'BEGIN {
      for (n = 1; n <= count; n = most == "all" || count <= most || next_n <= n ? n + 1 : next_n)
        { print n; next_n = int(count ^ (++i / (most - 1))) }
    }'); do
      run "$name" "${preload[@]}" "WEFT_FAULT_AT=$n"
      judge "$name" "$call $n of $count failing once"
      [ "$call" != interrupt ] || continue  # for ever: it is tried again for ever
      run "$name" "${preload[@]}" "WEFT_FAULT_AT=$n" WEFT_FAULT_LAST=999999999
      judge "$name" "$call $n of $count and all after it failing"
    done
    [ "$count" -eq 0 ] || echo "$name: $count times $call: $succeeded succeeded, $refused refused"
    ((tried += succeeded + refused)) || true
  done
done

# Before main, where no command can catch what an initialiser throws.
early=("LD_PRELOAD=$library" WEFT_FAULT=malloc WEFT_FAULT_EARLY=1)
succeeded=0 refused=0
for n in 1 2 5 20 80 300; do
  run predict "${early[@]}" "WEFT_FAULT_AT=$n"
  judge predict "allocation $n of the program failing once"
  run predict "${early[@]}" "WEFT_FAULT_AT=$n" WEFT_FAULT_LAST=999999999
  judge predict "allocation $n of the program and all after it failing"
done
[ "$refused" -eq 12 ] || fail "initialisers without memory: only $refused of 12 were refused"
((tried += refused)) || true

# Killed before its file has the name: the old file stays, and who next writes there clears up.
run compile "LD_PRELOAD=$library" WEFT_FAULT=killed WEFT_FAULT_AT=1
[ "$status" -eq 137 ] || fail "status $status where it was to be killed"
left_over=(out/.weft-*.tmp)
[ -e "${left_over[0]}" ] || fail "nothing is left of a killed process: is it killed too late?"
cmp -s out/file old || fail "killed, and the file is another"
"$weft" compile old --predict-only -o out/other
[ ! -e "${left_over[0]}" ] || fail "${left_over[0]} stays"

# Killed when its file has the name, which no fsync of the folder has made last: it is the new one.
run compile "LD_PRELOAD=$library" WEFT_FAULT=killed_after WEFT_FAULT_AT=1
[ "$status" -eq 137 ] || fail "status $status where it was to be killed"
cmp -s out/file compile.file || fail "killed after the rename, and the file is not the new one"
[ "$(ls -A out)" = file ] || fail "killed after the rename, $(ls -A out) is there"
# So it is with checkpoints, of each step here, and the plan after them: --resume goes on from each.
checkpointed="${commands[train]} --checkpoint 0.000001"
killed=0
for n in 1 2 3 4 5 6 7 8 9; do
  commands[train]=$checkpointed
  run train "LD_PRELOAD=$library" WEFT_FAULT=killed_after "WEFT_FAULT_AT=$n"
  [ "$status" -ne 0 ] || break
  [ "$status" -eq 137 ] || fail "status $status where it was to be killed"
  ((++killed))
  cmp -s out/file old || cmp -s out/file train.file || fail "killed, and the file is neither old nor new"
  [ -e out/file.checkpoint ] || fail "killed after rename $n, and no checkpoint is there"
  # shellcheck disable=SC2086  # words of a command
  "$weft" $checkpointed --resume 2>message || fail "--resume after rename $n: $(cat message)"
  [ ! -s message ] || fail "--resume after rename $n said: $(cat message)"
  cmp -s out/file train.file || fail "--resume after rename $n ends with another plan"
  [ "$(ls -A out)" = file ] || fail "--resume after rename $n leaves $(ls -A out)"
done
[ "$status" -eq 0 ] && [ "$killed" -ge 4 ] || fail "killed $killed times, then status $status"
echo "$tried faults: success or one message"
