#!/usr/bin/env bash
# tokenizer=ngrams reads words that are misspelled, which others cannot know.
#   bash tests/e2e/ngrams.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"

# Texts of three words of their topic; in those for the test every word has a letter doubled.
awk 'BEGIN {
  srand(5)
  split("astronomy telescope galaxy satellite eclipse meteorite", sky)
  split("marmalade dumplings cinnamon pancakes spaghetti mushrooms", food)
  print "label\ttext" >"train.tsv"; print "label\ttext" >"test.tsv"
  for (i = 0; i < 400; ++i) {
    right = wrong = ""
    for (w = 0; w < 3; ++w) {
      word = i % 2 ? sky[1 + int(rand() * 6)] : food[1 + int(rand() * 6)]
      at = 2 + int(rand() * (length(word) - 2))
      right = right " " word
      wrong = wrong " " substr(word, 1, at) substr(word, at)
    }
    print (i % 2 ? "sky" : "food") "\t" right >"train.tsv"
    print (i % 2 ? "sky" : "food") "\t" wrong >"test.tsv"
  }
}'
"$weft" new bow >bow.model
accuracy_of() {
  "$weft" eval "$1" --data test.tsv --json | grep -oE '"accuracy": *[0-9.]+' | head -1 |
    grep -oE '[0-9.]+$'
}
for tokenizer in words ngrams; do
  "$weft" train bow.model --data train.tsv --set text.tokenizer=$tokenizer --set text.buckets=5000 \
    --epochs 4 --threads 1 --quiet -o $tokenizer.plan
done
words=$(accuracy_of words.plan)
ngrams=$(accuracy_of ngrams.plan)
awk -v w="$words" -v n="$ngrams" 'BEGIN { exit !(w < 0.7 && n > 0.9) }' ||
  fail "of misspelled words, words reads $words and ngrams $ngrams"

# The plan says what it is, goes on learning, and explains itself by n-grams.
"$weft" inspect ngrams.plan >inspected
grep -q "^text        ngrams in 5,000 buckets" inspected || fail "inspect: $(cat inspected)"
"$weft" inspect words.plan --json >inspected.json
if grep -q '"buckets":' inspected.json; then fail "words has no buckets"; fi
"$weft" inspect ngrams.plan --json >inspected.json
grep -q '"buckets": 5000' inspected.json || fail "ngrams has buckets"
"$weft" train ngrams.plan --data train.tsv --epochs 1 --threads 1 --quiet -o more.plan
"$weft" explain ngrams.plan "telesccope" --json >explained
grep -q '"exact":true' explained || fail "explain does not add up: $(cat explained)"
grep -q '"text":"scco"' explained || fail "explain knows no n-gram: $(cat explained)"

echo "n-grams read what is misspelled: $ngrams, where words reads $words"
