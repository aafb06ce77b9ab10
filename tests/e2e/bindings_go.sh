#!/usr/bin/env bash
# The example in Go compiles, and answers as the program does where there is a shared library.
#   bash tests/e2e/bindings_go.sh build/weft
tests=$(realpath "$(dirname "$0")/..")
source "$tests/e2e_setup.sh"
source "$tests/bindings_setup.sh"

go version >/dev/null 2>&1 || skip "there is no go"
export GOCACHE=$work/cache GOFLAGS=-mod=mod GO111MODULE=off CGO_ENABLED=1 CGO_CFLAGS CGO_LDFLAGS
CGO_CFLAGS=-I$(dirname "$examples")
CGO_LDFLAGS=-L$(dirname "$library")
go vet "$examples/predict.go" || fail "it does not compile"
[ -e "$library" ] || skip "compiled only: there is no $library"
go build -o predict "$examples/predict.go" || fail "it does not link"
check_program
echo "Go answers as the program does"
