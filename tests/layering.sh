#!/bin/sh
# The house rules that a compiler does not check: which folder may include which, and the shape of
# files. Every message says what to do.
#
#   sh tests/layering.sh [FOLDER]     FOLDER: the top of the tree to check; this one by default
set -eu
cd "${1:-$(dirname "$0")/..}"

# Every folder of the product, called a room, in an order in which includes may only point back: so
# there are no cycles. A new folder takes its place here.
rooms="
  ir ir/ops ir/ops/nn ir/ops/taps ir/ops/train ir/plan
  passes
  runtime/text runtime/text/icu runtime/resources runtime/kernels runtime/kernels/simd runtime/kernels/onednn
  runtime/kernels/taps runtime/kernels/nn runtime/kernels/train runtime
  frontend/format frontend/data frontend/vectors frontend/pretrained frontend/description
  frontend/train frontend/onnx frontend/fasttext frontend/search frontend/report frontend/graph_tests frontend/c
  frontend/cli
"

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
  echo "$names" | sed 's/$/: not a permitted name at the top level; move it into one of the folders/'
fi

sources=$(list --others | existing |
  grep -E '^(ir|passes|runtime|frontend|tests|examples)/.*\.(cpp|h|def)$' || true)
# shellcheck disable=SC2086  # one argument per file: no path holds a space
broken=$([ -z "$sources" ] || LC_ALL=C awk -v rooms="$(echo $rooms)" '
  function say(text) { print FILENAME ":" FNR ": " text }
  function room(file) { sub("/[^/]*$", "", file); return file }
  BEGIN {
    count = split(rooms, list, " "); for (i = 1; i <= count; ++i) place[list[i]] = i
    for (i in ARGV) there[ARGV[i]] = 1
  }
  FNR == 1 {
    header = FILENAME; sub(/\.cpp$/, ".h", header)
    if (header == FILENAME || !(header in there)) header = ""
    folder = FILENAME; sub("/.*", "", folder)
    targets = 0
    own = room(FILENAME)
    product = folder !~ /^(tests|examples)$/
    limit = product ? 400 : 500
    if (product && !(own in place))
      say("the folder " own " is new: give it its place in the list `rooms` of tests/layering.sh")
    if ($0 !~ /^\/\/ [^ ]/)
      say("the file begins otherwise: let its first line be a // sentence that says what it is")
  }
  FNR == limit + 1 { say("more than " limit " lines: split the file") }
  product && FILENAME !~ /format\/message\./ && /fmt::print\(|std::cerr <</ {
    say("fmt::print ends the program where it cannot write: call print_message or print_out")
  }
  /\t/ { say("a tab: indent with spaces, and write \\t in strings") }
  {
    text = $0; gsub(/[\200-\277]/, "", text)  # count characters, not bytes
    if (length(text) > 100) say("a line of " length(text) " columns: break it before column 101")
  }
  /^namespace / { space = $2 }
  product && FILENAME ~ /\.h$/ && /^(struct|class|enum class) [A-Za-z0-9]+ .*[{]/ {
    type = $0; sub(/^(struct|class|enum class) /, "", type); sub(/ .*/, "", type)
    type = space "::" type
    if (type in home && home[type] != FILENAME)
      say(type " is another type in " home[type] ": give one of them a name of its own")
    home[type] = FILENAME
  }
  /^ *# *include/ {
    included = $0; sub(/^[^"<]*["<]/, "", included); sub(/[">].*/, "", included)
    target = included; sub("/.*", "", target)
    if (header != "" && included != header)
      say("the first include is another: include " header " first, so that it compiles alone")
    header = ""
    if (folder == "ir" && target ~ /^(passes|runtime|frontend)$/ ||
        folder == "passes" && target ~ /^(runtime|frontend)$/ ||
        folder == "runtime" && target ~ /^(passes|frontend)$/)
      say(folder "/ may not include " included ": move what both need to a folder that both see")
    else if (product && room(included) in place && place[room(included)] > place[own])
      say(own "/ may not include " included ": it stands later in the list `rooms` of " \
          "tests/layering.sh; move what is needed to an earlier room")
    if (included == "runtime/kernels/simd/targets.h") targets = 1
    if (included ~ /foreach_target\.h$/ && !targets)
      say("include runtime/kernels/simd/targets.h before it, which leaves out instruction sets " \
          "whose vectors have no known size")
    if (included ~ /(^|\/)dnnl[^\/]*\.h(pp)?$/ && FILENAME !~ /^runtime\/kernels\/onednn\//)
      say("oneDNN is included only under runtime/kernels/onednn/: use runtime/kernels/products.h")
    if (included ~ /plan_generated\.h$/ && FILENAME !~ /^ir\/plan\/(encode|decode|structure)\.cpp$/ &&
        folder != "tests")
      say("the generated header of plans is included only in encode, decode and structure.cpp of ir/plan: " \
          "use ir/plan/plan.h")
    if (included ~ /^unicode\// && product && FILENAME !~ /^(runtime\/text\/icu|frontend)\//)
      say("the runtime includes ICU only under runtime/text/icu/: ask runtime/text/unicode.h")
    if (included ~ /doctest/ && folder != "tests")
      say("doctest is included only under tests/: move the test there")
  }' $sources)
if [ -n "$broken" ]; then
  echo "$broken"
fi
[ -z "$names$broken" ] && echo "layering: $(echo "$sources" | wc -l) sources keep the house rules"
