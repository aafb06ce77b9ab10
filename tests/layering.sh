#!/bin/sh
# The house rules that a compiler does not check: who may include whom, and the shape of files.
set -eu
cd "$(dirname "$0")/.."

# Files that git tracks, or with --others also the new ones; all files where there is no git.
list() {
  git ls-files --cached "$@" --exclude-standard 2>/dev/null ||
    find . -type f -not -path './.git/*' -not -path './build*' | sed 's|^\./||'
}
existing() {
  while read -r file; do if [ -f "$file" ]; then echo "$file"; fi; done
}

names=$(list | cut -d/ -f1 | sort -u | grep -vxE \
  '\..*|CMakeLists\.txt|CMakePresets\.json|LICENSE|README\.md|ir|passes|runtime|frontend|tests|examples' \
  || true)
if [ -n "$names" ]; then
  echo "$names" | sed 's/$/: not a permitted name at the top level/'
fi

sources=$(list --others | existing |
  grep -E '^(ir|passes|runtime|frontend|tests|examples)/.*\.(cpp|h)$' || true)
# shellcheck disable=SC2086  # one argument per file: no path holds a space
broken=$([ -z "$sources" ] || LC_ALL=C awk '
  function say(text) { print FILENAME ":" FNR ": " text }
  FNR == 1 {
    folder = FILENAME; sub("/.*", "", folder)
    if ($0 !~ /^\/\/ [^ ]/) say("the first line must be a // sentence that says what this file is")
  }
  FNR == 501 { say("more than 500 lines: split the file") }
  /\t/ { say("a tab") }
  {
    text = $0; gsub(/[\200-\277]/, "", text)  # count characters, not bytes
    if (length(text) > 100) say("a line of " length(text) " columns (limit 100)")
  }
  /^ *# *include/ {
    included = $0; sub(/^[^"<]*["<]/, "", included); sub(/[">].*/, "", included)
    target = included; sub("/.*", "", target)
    if (folder == "ir" && target ~ /^(passes|runtime|frontend)$/ ||
        folder == "passes" && target ~ /^(runtime|frontend)$/ ||
        folder == "runtime" && target ~ /^(passes|frontend)$/)
      say(folder "/ may not include " included)
    if (included ~ /(^|\/)dnnl[^\/]*\.h(pp)?$/ && FILENAME !~ /^runtime\/kernels\//)
      say("oneDNN is included only under runtime/kernels/")
    if (included ~ /plan_generated\.h$/ && FILENAME !~ /^ir\/plan[^\/]*\.cpp$/)
      say("the generated plan header is included only in ir/plan*.cpp")
    if (included ~ /doctest/ && folder != "tests") say("doctest is included only under tests/")
  }' $sources)
if [ -n "$broken" ]; then
  echo "$broken"
fi
[ -z "$names$broken" ] && echo "layering: $(echo "$sources" | wc -l) sources keep the house rules"
