#!/usr/bin/env bash
# weft as a part of other projects: installed and found, or added by folder. An application that only
# uses the runtime needs no library of the frontend, and a parent project keeps its own settings.
#   bash tests/e2e/install.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"
build=$(dirname "$weft")
cached() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
source=$(cached weft_SOURCE_DIR)
kind=$(cached CMAKE_BUILD_TYPE)
flags=$(cached "CMAKE_CXX_FLAGS_$(tr '[:lower:]' '[:upper:]' <<<"$kind")")  # sanitizers, maybe
common=(-G Ninja "-DCMAKE_CXX_COMPILER=$(cached CMAKE_CXX_COMPILER)" "-DCMAKE_CXX_FLAGS=$flags"
  -DCMAKE_CXX_COMPILER_LAUNCHER=)
lean=()  # on a machine without what only the frontend needs
for package in CLI11 nlohmann_json ZLIB BZip2 zstd doctest; do
  lean+=("-DCMAKE_DISABLE_FIND_PACKAGE_$package=ON")
done
made() { "$@" >log 2>&1 || fail "$* said: $(tail -n 30 log)"; }

mkdir parent
cat >parent/app.cpp <<'END'
#include <cstdio>
#include "runtime/session.h"
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  weft::Session session = weft::Session::load(argv[1], {.threads = 1});
  std::printf("%s\n", session.labels().front().c_str());
}
END
{  # what README.md says compiles
  printf '#include <array>\nvoid readme() {\n'
  sed -n '/^```cpp$/,/^```$/p' "$source/README.md" | grep -v -e '^```' -e '^#include'
  echo '}'
} >>parent/app.cpp
grep 'session.predict' parent/app.cpp >/dev/null || fail "README.md has no code in C++"

# Installed: a program is built against the package, and loads a plan.
made cmake --install "$build" --prefix "$work/prefix"
[ "$("$work/prefix/bin/weft" version)" = "$("$weft" version)" ] || fail "the program is not installed"
man=$work/prefix/share/man/man1/weft.1
for command in $("$weft" --help | sed -n '/^Subcommands:/,$p' | awk 'NR > 1 && NF { print $1 }'); do
  grep -qE "^\.SS weft $command$" "$man" || fail "the manual page lacks $command"
done
if command -v groff >/dev/null; then
  [ -z "$(groff -man -Tutf8 -ww -z "$man" 2>&1)" ] || fail "groff: $(groff -man -Tutf8 -ww -z "$man" 2>&1)"
fi
completed() {  # what bash offers for the last of these words
  bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _weft; echo "${COMPREPLY[*]}"' \
    "$work/prefix/share/bash-completion/completions/weft" "$@"
}
[ "$(completed weft pre)" = predict ] || fail "completes pre: $(completed weft pre)"
[ "$(completed weft train --epo)" = --epochs ] || fail "completes --epo: $(completed weft train --epo)"
[ "$(completed weft predict --format j)" = json ] || fail "completes the values of --format"
head -1 "$work/prefix/share/zsh/site-functions/_weft" | grep -x "#compdef weft" >/dev/null ||
  fail "zsh has no completion"
if command -v zsh >/dev/null; then zsh -n "$work/prefix/share/zsh/site-functions/_weft"; fi
for file in runtime/session.h runtime/weft.h ir/ops/ops.h ir/ops/ops.def frontend/data/corpus.h; do
  [ -f "prefix/include/weft/$file" ] || fail "$file is not installed"
done
cat >parent/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(parent CXX)
find_package(weft 0.1 REQUIRED)
if(TARGET weft::frontend)
  message(FATAL_ERROR "the frontend was not asked for")
endif()
find_package(weft QUIET COMPONENTS nosuch)
if(weft_FOUND)
  message(FATAL_ERROR "found a component that does not exist")
endif()
add_executable(app app.cpp)
target_link_libraries(app PRIVATE weft::runtime)
END
made cmake -S parent -B installed "${common[@]}" "${lean[@]}" "-DCMAKE_PREFIX_PATH=$work/prefix"
made cmake --build installed
printf 'label\ttext\nbad\ta dull film\ngood\ta fine film\n' >data.tsv
"$weft" new bow >bow.model
"$weft" compile bow.model --data data.tsv -o app.plan
plan=$work/app.plan
[ "$(installed/app "$plan")" = bad ] || fail "the application says: $(installed/app "$plan")"

# Its graphs are tested by the package's program.
mkdir parent/graphs
cat >parent/graphs/cse.ir <<'END'
// passes: cse,dce
program @p {
  input %x : f32[2, 3]
  %a = relu(%x)
  %b = relu(%x)
  %y = add(%a, %b)
  return %y
}
// ---- values
{"inputs": {"x": [[1, -1, 2], [0, 3, -4]]}, "results": {"y": [[2, 0, 4], [0, 6, 0]]}}
END
sed 's/6, 0/7, 0/' parent/graphs/cse.ir >"parent/a bad one.ir"
cat >parent/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(parent CXX)
find_package(weft REQUIRED)
enable_testing()
weft_add_graph_tests(graphs graphs graphs/cse.ir)
weft_add_graph_tests(bad "a bad one.ir")
END
made cmake -S parent -B tested "${common[@]}" "${lean[@]}" "-DCMAKE_PREFIX_PATH=$work/prefix"
grep -x "WEFT_PROGRAM:FILEPATH=$work/prefix/bin/weft" tested/CMakeCache.txt >/dev/null ||
  fail "another program: $(grep WEFT_PROGRAM tested/CMakeCache.txt)"
made ctest --test-dir tested -R graphs -V
grep "2 passed, 0 failed" log >/dev/null || fail "ctest says: $(cat log)"
if ctest --test-dir tested -R bad -V >log 2>&1; then fail "a wrong number passes: $(cat log)"; fi
grep "is 6, expected 7; 1 of 6 numbers differ" log >/dev/null || fail "ctest says: $(cat log)"
echo 'weft_add_graph_tests(none)' >>parent/CMakeLists.txt
if cmake -S parent -B tested >log 2>&1; then fail "a test of nothing is accepted"; fi
grep "name the files or folders" log >/dev/null || fail "no files: $(cat log)"

# The same with the frontend, which an application asks for.
cat >parent/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(parent CXX)
find_package(weft REQUIRED COMPONENTS frontend)
add_executable(app app.cpp)
target_link_libraries(app PRIVATE weft::frontend)
END
cat >parent/app.cpp <<'END'
#include <cstdio>
#include "frontend/data/corpus.h"
int main(int, char** argv) {
  std::printf("%zu\n", weft::read_corpus(argv[1]).size());
}
END
made cmake -S parent -B whole "${common[@]}" "-DCMAKE_PREFIX_PATH=$work/prefix"
made cmake --build whole
[ "$(whole/app data.tsv)" = 2 ] || fail "the application with the frontend says: $(whole/app data.tsv)"

# A project in C, which has no C++ compiler and none of weft's libraries: it finds the shared ones.
# (With a sanitizer these need the sanitizer's part for C++.)
if [ "$(cached WEFT_BUILD_SHARED)" = ON ] && [ "$kind" = Release ]; then
  cat >parent/CMakeLists.txt <<END
cmake_minimum_required(VERSION 3.25)
project(parent C)
find_package(weft REQUIRED COMPONENTS shared)
add_executable(embed $source/examples/embed.c)
target_link_libraries(embed PRIVATE weft::shared)
add_executable(fit $source/examples/fit.c)
target_link_libraries(fit PRIVATE weft::frontend_shared)
END
  made cmake -S parent -B in_c -G Ninja "-DCMAKE_C_COMPILER=$(cached CMAKE_C_COMPILER)" \
    "-DCMAKE_C_FLAGS=$flags" "${lean[@]}" -DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON \
    "-DCMAKE_PREFIX_PATH=$work/prefix"
  made cmake --build in_c
  in_c/fit >log || fail "a project in C cannot train: $(cat log)"
  in_c/embed "$plan" - "a film" >log || fail "a project in C cannot predict: $(cat log)"
fi
printf 'cmake_minimum_required(VERSION 3.25)\nproject(parent C)\nfind_package(weft REQUIRED)\n' \
  >parent/CMakeLists.txt
if cmake -S parent -B no_cxx -G Ninja "-DCMAKE_PREFIX_PATH=$work/prefix" >log 2>&1; then
  fail "a project without C++ finds static libraries"
fi
tr -s '\n ' ' ' <log | grep -F "write project(NAME C CXX); or find_package(weft COMPONENTS shared)" \
  >/dev/null || fail "a project without C++ is told: $(cat log)"

# Added by folder: only configured, as its build is this one's.
cat >parent/CMakeLists.txt <<END
cmake_minimum_required(VERSION 3.25)
project(parent CXX)
set(flags "\${CMAKE_CXX_FLAGS_RELEASE}")
add_subdirectory($source weft)
add_executable(app app.cpp)
target_link_libraries(app PRIVATE weft::runtime)
foreach(target IN ITEMS weft weft_frontend weft_passes weft_shared weft_tests)
  if(TARGET \${target})
    message(FATAL_ERROR "\${target} was not asked for")
  endif()
endforeach()
get_directory_property(options DIRECTORY $source COMPILE_OPTIONS)
if(CMAKE_BUILD_TYPE OR CMAKE_CXX_COMPILER_LAUNCHER OR options OR CMAKE_CXX_STANDARD OR
   NOT flags STREQUAL CMAKE_CXX_FLAGS_RELEASE)
  message(FATAL_ERROR "a setting of the parent was changed")
endif()
END
made cmake -S parent -B added "${common[@]}"
if grep -E '^(CLI11|nlohmann_json|ZLIB|doctest)_' added/CMakeCache.txt; then
  fail "the runtime alone looks for what only the frontend needs"
fi
if grep -qE 'COMMAND = .*(-Wshadow|ccache)|FLAGS = .*-Wshadow' added/build.ninja; then
  fail "weft's own flags reach a parent's build"
fi
echo "weft is found where it is installed, and leaves a parent project as it was"
