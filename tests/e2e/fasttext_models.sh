#!/usr/bin/env bash
# Larger models that fastText trained, its language identifier among them, against its own answers.
models=$(realpath -m "$(dirname "$0")/../../../shared/data/fasttext")
source "$(dirname "$0")/../e2e_setup.sh"
[ -d "$models" ] || skip "there is no ../shared/data/fasttext, with models and their answers"

# differences GOLDEN ADDED: reads answers as label<TAB>probability<TAB>label…; prints the largest
# difference to fastText's, which has ADDED in each probability.
differences() {
  awk -F '\t' -v golden="$1" -v added="$2" '
    {
      split("", p); for (i = 1; i < NF; i += 2) p[$i] = $(i + 1)
      getline line < golden; n = split(line, words, " ")
      for (i = 1; i < n; i += 2) {
        label = words[i]; sub("__label__", "", label)
        if (!(label in p)) { print "no answer for " label " on line " NR; exit }
        d = p[label] + added - words[i + 1]; if (d < 0) d = -d; if (d > worst) worst = d
      }
    }
    END { printf "%.7f\n", worst }'
}

for model in softmax.bin hs.bin ova.bin subwords.bin quant.ftz lid.176.ftz; do
  silent "$weft" import "$models/$model" -o plan --quiet
  name=${model%.*} texts=texts.txt added=0.00001
  if [ "$name" = lid.176 ]; then texts=languages.txt; fi
  case $name in hs | lid.176) added=0 ;; esac  # there it is part of the model
  "$weft" predict plan "$models/$texts" --top 176 2>message >answers
  worst=$(differences "$models/$name.golden.txt" "$added" <answers)
  echo "$model: the largest difference is $worst"
  awk -v worst="$worst" 'BEGIN { exit !(worst + 0 == worst && worst < 0.00001) }' || fail "$model: $worst"
done
