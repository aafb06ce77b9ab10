#!/usr/bin/env bash
# Data files and folders as the commands take them: each is read right, or refused with a remedy, and
# what was odd about it is said. The files themselves are in odd_files_test.cpp; here are the flags,
# the folders, the messages, and `weft predict` on data files.
#   bash tests/e2e/data_files.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"
"$weft" new bow >bow.model
sed 's/softmax/sigmoid/' bow.model >tags.model
compile() { "$weft" compile bow.model -o x.plan "$@"; }
# labels NAMES: of the plan that was compiled last.
labels() {
  "$weft" inspect x.plan --json >inspected
  local found
  found=$(tr -d '\n' <inspected | sed -E 's/.*"labels": ?\[([^]]*)\].*/\1/; s/[" ]//g')
  [ "$found" = "$1" ] || fail "the labels are $found, not $1"
}

# fastText lines, whose labels stand anywhere.
printf 'nice room __label__b\n__label__a , __label__c bad , really\n' >anywhere.txt
"$weft" compile tags.model --data anywhere.txt -o x.plan
labels a,b,c
"$weft" inspect x.plan >text
! grep -q "__label__" text || fail "a label is a word"

# Several files, a folder of parts, of classes.
printf 'label,text\npos,good\n' >a.csv
printf '\xEF\xBB\xBFlabel,text\nneg,bad\n' >b.csv
cat a.csv b.csv >joined.csv
says "joined.csv: 1 row is the header again, and not read .line 3." compile --data joined.csv
labels neg,pos
compile --data a.csv --data b.csv
labels neg,pos
mkdir -p parts classes/sci.space classes/rec.autos lines
cp a.csv b.csv parts
compile --data parts
labels neg,pos
echo "the moon" >classes/sci.space/1
echo "an engine" >classes/rec.autos/2
compile --data classes
labels rec.autos,sci.space
echo "good" >lines/pos.txt
echo "bad" >lines/neg.txt
compile --data lines
labels neg,pos
refuses "a.csv is given twice" compile --data a.csv --data a.csv
ln -s a.csv same.csv
for again in ./a.csv same.csv; do refuses "$again is given twice" compile --data a.csv --data "$again"; done
refuses "standard input is given twice" compile --data - --data -
refuses "is the file that --data names" "$weft" compile bow.model --data a.csv --data b.csv -o b.csv

# Headers by number, and what the first row is.
printf 'phrase,polarity\ngood,pos\nbad,neg\nfine,pos\ndull,neg\n' >header.csv
by_number=(--data header.csv --text-column 1 --label-column 2)
says "line 1 is read as an example, but looks like a header" compile "${by_number[@]}"
labels neg,polarity,pos
silent compile "${by_number[@]}" --header yes
labels neg,pos
silent compile "${by_number[@]}" --header no
labels neg,polarity,pos
printf 'good room,pos\nbad room,neg\nfine room,pos\n' >swapped.csv
says "column 1 is read as the label, but looks like the text" compile --data swapped.csv
silent compile --data swapped.csv --text-column 1 --label-column 2

# Labels that look alike.
printf 'label\ttext\npos\ta\npos\xE2\x80\x8B\tb\npos\xC2\xA0\tc\nneg\td\n' >unseen.tsv
silent compile --data unseen.tsv
labels neg,pos
printf 'label\ttext\nSpam\ta\nspam\tb\n' >case.tsv
says "labels that look alike are read as different ones: .Spam., .spam." compile --data case.tsv

# Dialects and encodings.
printf '"label"\t"text"\n"pos"\t"good"\n"neg"\t"bad"\n' >r.tsv
says "fields stand in quotes" "$weft" train bow.model --data r.tsv --epochs 1 -o x.plan
labels neg,pos
printf 'label;text\npos;good, really\nneg;bad\n' >excel.csv
refuses "give --delimiter ';'" compile --data excel.csv
compile --data excel.csv --delimiter ';'
labels neg,pos
printf '\xC4\xE3\xBA\xC3\t\xB7\xBF\xBC\xE4\n' >gb.tsv
refuses "Give --encoding" compile --data gb.tsv
compile --data gb.tsv --encoding gb18030
labels 你好
misused "no such encoding" compile --data gb.tsv --encoding utf-99
refuses "is not one character" compile --data excel.csv --delimiter ';;'
refuses "header is for TSV and CSV" compile --data anywhere.txt --header yes
refuses "seed is given 2 times, but takes one value" "$weft" train bow.model --data a.csv --seed 1 \
  --seed 2 -o x.plan
refuses "delimiter is given 2 times" compile --data a.csv --delimiter ';' --delimiter ,

# Old Macs: data, texts and descriptions.
tr '\n' '\r' <a.csv >mac.csv
silent compile --data mac.csv
labels pos
tr '\n' '\r' <bow.model >mac.model
"$weft" compile mac.model --data joined.csv -o mac.plan 2>message || fail "mac.model: $(cat message)"
compile --data joined.csv 2>message
cmp x.plan mac.plan || fail "line ends change a plan"
printf 'good\rbad\r' >mac.txt
[ "$("$weft" predict x.plan mac.txt | wc -l)" -eq 2 ] || fail "CR ends no line of predict"

# Packed and foreign files, wherever files are read.
if command -v zstd >/dev/null; then zstd -q joined.csv -o z.csv.zst && compile --data z.csv.zst; fi
printf 'PK\3\4\24\0\0\0' >archive.csv
for command in "compile bow.model -o x.plan --data" "predict x.plan" "explain x.plan --file" \
  "compile bow.model --data joined.csv -o x.plan --vectors"; do
  # shellcheck disable=SC2086
  refuses "archive.csv is a zip archive" "$weft" $command archive.csv
done
printf 'l\0a\0b\0e\0l\0\t\0t\0e\0x\0t\0\n\0a\0\t\0b\0\n\0' >wide.tsv
refuses "is UTF-16LE without a byte order mark" "$weft" predict x.plan wide.tsv
refuses "commands that read data take --encoding UTF-16LE" compile --data wide.tsv
compile --data wide.tsv --encoding UTF-16LE
labels a
cp joined.csv CAPITALS.CSV
compile --data CAPITALS.CSV

# JSON: texts without labels, numbers beyond double, reasons.
printf '{"text": "a", "labels": ["x"]}\n{"text": "b", "labels": []}\n' >some.jsonl
silent "$weft" compile tags.model --data some.jsonl -o tags.plan
printf '{"text": "a", "label": "x", "n": NaN}\n{"text": "\\ud83d", "label": "y", "n": 1e999}\n' >odd.jsonl
says "1 line holds half a surrogate pair" compile --data odd.jsonl
labels x,y
printf '{"text": "a" "label": "x"}\n' >bad.jsonl
refuses "not valid JSON: .*expected '}'" compile --data bad.jsonl

# Label columns of 0 and 1, names of labels, several text columns, nested keys.
printf 'id,comment,toxic,obscene\n1,good,0,0\n2,bad,1,1\n3,odd,1,0\n' >jigsaw.csv
jigsaw=(--text-column comment --label-column toxic,obscene)
silent "$weft" compile tags.model --data jigsaw.csv "${jigsaw[@]}" -o tags.plan
cp tags.plan x.plan
labels obscene,toxic
printf 'World\nSports\n' >classes.txt
printf '2,a game\n1,a war\n' >news.csv
compile --data news.csv --label-names classes.txt
labels Sports,World
printf '{"review": {"title": "a", "text": "b"}, "stars": 5}\n' >nested.jsonl
compile --data nested.jsonl --text-column review.title,review.text --label-column stars
labels 5

# What is said cannot rewrite a terminal.
printf 'label\ttext\n\x1b[2Jspam\ta\n' >rude.tsv
refuses "control character" compile --data rude.tsv
printf '{"text": "a", "\x1b[2J": "x"}\n' >rude.jsonl
refuses "cannot tell|not valid" compile --data rude.jsonl
printf 'label,t\x1b[2J,u\npos,a,b\n' >rude.csv
refuses 't\\x1B\[2J' compile --data rude.csv
! grep -q $'\x1b' message || fail "an escape sequence is printed"

# predict: ids, texts with line breaks, JSON.
"$weft" train bow.model --data parts --epochs 20 --rate 0.1 --threads 1 --quiet -o p.plan
printf 'id,label,text\n7,pos,"good\ngood"\nx y,neg,bad\n' >ids.csv
"$weft" predict p.plan ids.csv --text-column text --id-column id >answers
[ "$(cut -f 1,2 answers)" = "$(printf '7\tpos\nx y\tneg')" ] || fail "ids: $(cat answers)"
"$weft" predict p.plan ids.csv --text-column text --id-column id --format json >json
grep -qE '^\{"id":"7","text":"good\\ngood","labels":\[\{"label":"pos","probability":[0-9.]+,"logit":-?[0-9.]+\}\]\}$' json ||
  fail "json: $(cat json)"
"$weft" predict p.plan - --text-column text --input-format csv <ids.csv >answers
[ "$(cut -f 1 answers | tr '\n' ' ')" = "pos neg " ] || fail "from standard input: $(cat answers)"
printf '"text"\ngood\n"bad, bad"\n' >texts.csv
"$weft" predict p.plan texts.csv --input-format csv >answers
[ "$(cut -f 1 answers | tr '\n' ' ')" = "pos neg " ] || fail "one column: $(cat answers)"
says "ids.csv looks like a data file .csv., but each line is read as a text" "$weft" predict p.plan \
  ids.csv
says "looks like a data file .fasttext." "$weft" predict p.plan anywhere.txt
says "looks like a data file .jsonl." "$weft" predict p.plan some.jsonl
printf 'pos\tgood\n' >plain.tsv
says "looks like a data file .tsv." "$weft" predict p.plan plain.tsv
printf 'good, really\nbad\n' >plain.txt
silent "$weft" predict p.plan plain.txt
refuses "has no such column" "$weft" predict p.plan ids.csv --text-column nosuch
misused "threshold is for several labels" "$weft" predict p.plan plain.txt --threshold 0.1
[ "$("$weft" predict tags.plan plain.txt --threshold 0 | awk -F '\t' '{ print NF }' | tr '\n' ' ')" = "4 4 " ] ||
  fail "a threshold of 0 leaves out labels"
# Many rows in many blocks are answered in order, whatever the number of threads.
awk 'BEGIN { print "id\ttext"; for (i = 0; i < 5000; ++i) print i "\t" (i % 3 ? "good" : "bad") }' >many.tsv
"$weft" predict p.plan many.tsv --text-column text --id-column id --threads 1 >answers
cut -f 1 answers | cmp - <(seq 0 4999) || fail "ids out of order"
"$weft" predict p.plan many.tsv --text-column text --id-column id --threads 3 | cmp - answers ||
  fail "threads change answers"
echo "data files and folders are read as what they are"
