#!/usr/bin/env bash
# Files hold what their input says, and nothing that lay in memory before: each golden plan is trained,
# stored in every other form and exported twice, with fresh and freed memory filled with other bytes.
#   bash tests/e2e/fresh_memory.sh build/weft
plans=$(realpath "$(dirname "$0")/../plans")
source "$(dirname "$0")/../e2e_setup.sh"
if nm -C "$weft" 2>/dev/null | grep -c __asan_init >/dev/null; then
  skip "a sanitizer has an allocator of its own"
fi
# glibc fills large blocks too, once they do not come as fresh pages from the system.
export MALLOC_MMAP_THRESHOLD_=33000000

film_reviews 40 9 >data.tsv
awk -F '\t' 'NR > 1 { print ($1 == "good" ? "praise" : "blame") "\t" $2 }' data.tsv >tags.tsv
awk -F '\t' 'NR > 1 { print $1 "\t" $2 "\tso it is" }' data.tsv >pairs.tsv

# The commands that write a file, each from PLAN to FILE; a form that a plan does not have is refused.
forms=(
  "train PLAN DATA --epochs 1 --threads 1 --quiet --checkpoint 0 -o FILE"
  "calibrate PLAN DATA --threads 1 -o FILE"
  "compile PLAN --predict-only -o FILE"
  "compile PLAN --fold -o FILE"
  "compile PLAN --fold --table int16 -o FILE"
  "compile PLAN --deploy -o FILE"
  "export PLAN --quiet --onnx FILE"
  "export PLAN --quiet --to FILE"
)
# write PLAN: every form of it in the folder `made`, with what was said and the status.
write() {
  local plan=$1 data="--data data.tsv" i command
  case $(basename "$plan") in
    tags.plan) data="--data tags.tsv" ;;
    bert_pair.plan) data="--data pairs.tsv --text-column 2,3 --label-column 1 --header no" ;;
  esac
  rm -rf made
  mkdir made
  for i in "${!forms[@]}"; do
    command=${forms[i]/PLAN/$plan}
    command=${command/DATA/$data}
    # shellcheck disable=SC2086  # words of a command
    "$weft" ${command/FILE/made/$i} >"made/$i.said" 2>&1 || echo "status $?" >>"made/$i.said"
  done
}

files=0
for plan in "$plans"/*.plan; do
  rm -rf first
  MALLOC_PERTURB_=1 write "$plan"
  mv made first
  MALLOC_PERTURB_=170 write "$plan"
  diff -r first made >differences || fail "$(basename "$plan"): $(head -c 500 differences)"
  for said in made/*.said; do
    [ ! -e "${said%.said}" ] || files=$((files + 1))
  done
done
[ "$files" -ge 90 ] || fail "only $files files were written"
echo "$files files hold the same bytes, whatever lay in memory"
