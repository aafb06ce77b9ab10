#!/usr/bin/env bash
# The example in Python, by ctypes, answers as the program does.
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
echo "Python answers as the program does"
