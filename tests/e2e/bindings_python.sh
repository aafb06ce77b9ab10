#!/usr/bin/env bash
# The examples in Python, by ctypes: one answers as the program does, one trains from memory.
#   bash tests/e2e/bindings_python.sh build/weft
tests=$(realpath "$(dirname "$0")/..")
source "$tests/e2e_setup.sh"
source "$tests/bindings_setup.sh"

command -v python3 >/dev/null || skip "there is no python3"
[ -e "$library" ] || skip "there is no $library"
python3 "$examples/predict.py" "$library" bow.plan "${texts[@]}" >out || fail "status $?"
check_answers out
refuses 'gone.plan: cannot be opened' python3 "$examples/predict.py" "$library" gone.plan film
refuses 'gone.so' python3 "$examples/predict.py" ./gone.so bow.plan film
refuses 'usage: predict.py' python3 "$examples/predict.py" "$library"

# A plan that is trained in memory is one for the program, which gives the same answers.
frontend=$(dirname "$library")/libweft_frontend.so
sed 1d data.tsv | python3 "$examples/fit.py" "$frontend" fit.plan "${texts[@]}" >out 2>message ||
  fail "fit.py says: $(cat message)"
grep -F "epoch 10 of 10" message >/dev/null || fail "no progress: $(cat message)"
[ "$(head -n 2 out | tr '\n' ' ')" = "good bad " ] || fail "fit.py learnt nothing: $(cat out)"
printf '%s\n' "${texts[@]}" | "$weft" predict fit.plan - 2>/dev/null | cut -f 1 | cmp - out ||
  fail "weft answers otherwise than fit.py"
refuses 'there is no text to learn from' python3 "$examples/fit.py" "$frontend" none.plan film
[ ! -e none.plan ] || fail "a plan of nothing was written"
echo "Python answers as the program does"
