#!/usr/bin/env bash
# Builds weft, makes a data set from this machine's package lists, trains a text classifier on it,
# evaluates it on lines it has not seen, and uses it.
#
#   bash examples/quickstart.sh [FILE]     FILE: your own lines, LABEL<tab>TEXT, in place of the lists
source "$(dirname "$0")/setup.sh"
own_file=${1:+$(cd "$OLDPWD" && realpath "$1")}

build release weft
weft=build/weft
work=build/quickstart
plan=$work/packages.plan
mkdir -p "$work"

if [ -n "$own_file" ]; then
  cp "$own_file" "$work/lines.tsv"
else
  package_lines >"$work/lines.tsv"
  if [ ! -s "$work/lines.tsv" ]; then
    echo "This machine has no package lists (apt-get update fetches them). Or name your own file of" >&2
    echo "LABEL<tab>TEXT lines:  bash examples/quickstart.sh FILE" >&2
    exit 1
  fi
fi

# Each text once; a seeded shuffle; the first tenth is held out.
tab=$'\t'
export LC_ALL=C
sort "$work/lines.tsv" | sort -s -u -t "$tab" -k 2 >"$work/unique.tsv"
shuf --random-source=<(yes 42) "$work/unique.tsv" >"$work/shuffled.tsv"
lines=$(wc -l <"$work/shuffled.tsv")
held_out=$((lines / 10))
{ echo "label${tab}text" && head -n "$held_out" "$work/shuffled.tsv"; } >"$work/test.tsv"
{ echo "label${tab}text" && tail -n "+$((held_out + 1))" "$work/shuffled.tsv"; } >"$work/train.tsv"
echo
echo "$((lines - held_out)) lines to train on, $held_out held out," \
  "$(cut -f 1 "$work/unique.tsv" | sort -u | wc -l) labels. For example:"
sed -n '2,4s/^/    /p' "$work/train.tsv"

echo
echo "A convolutional classifier, described in $work/textcnn.model, compiled and trained:"
$weft new textcnn >"$work/textcnn.model"
$weft train "$work/textcnn.model" --data "$work/train.tsv" --valid-fraction 0.1 -o "$plan"

echo
echo "On the $held_out lines it has not seen:"
$weft eval "$plan" --data "$work/test.tsv"

if [ -z "$own_file" ]; then
  typed=(
    "fast JSON parser for Python 3"
    "turn-based strategy game with elves and dragons"
    "development files for an image compression library"
    "command line client for the Matrix chat network"
    "monospaced typeface with programming ligatures"
    "window manager for the X11 desktop"
  )
  echo
  echo "On lines typed just now (label, score, line):"
  printf '%s\n' "${typed[@]}" | $weft predict "$plan" | paste - <(printf '%s\n' "${typed[@]}")
fi

cat <<END

What to try next:
  # the three likeliest labels of your own words
  echo "your own words" | $weft predict $plan --top 3
  # what is in the file: programs, sizes, memory
  $weft inspect $plan
  # other widths, layers, rates: edit $work/textcnn.model, or
  $weft train $work/textcnn.model --data $work/train.tsv --epochs 3 -o $work/other.plan
  # your own data: label<tab>text; also CSV, JSON lines, fastText, packed or not, and folders
  $weft train $work/textcnn.model --data your.tsv -o your.plan
END
