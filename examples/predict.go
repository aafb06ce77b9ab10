// Labels texts from Go.
//
//	CGO_CFLAGS=-I$PWD CGO_LDFLAGS=-L$PWD/build go build -o predict examples/predict.go
//	LD_LIBRARY_PATH=build ./predict reviews.plan "a fine film"
package main

/*
#cgo LDFLAGS: -lweft
#include <stdlib.h>
#include "runtime/weft.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"
)

// Session is a plan at work. It is not for two goroutines at once.
type Session struct{ c *C.weft_session }

// Load opens a plan. weft's message belongs to the thread, so the goroutine must stay on it.
func Load(path string) (*Session, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	session := C.weft_load(name, 1, 0)
	if session == nil {
		return nil, errors.New(C.GoString(C.weft_error()))
	}
	return &Session{session}, nil
}

func (s *Session) Close() { C.weft_free(s.c) }

// Predict gives the label of a text and its probability.
func (s *Session) Predict(text string) (string, float32, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	bytes := C.CString(text)
	defer C.free(unsafe.Pointer(bytes))
	length := C.size_t(len(text))
	var label C.int32_t
	var probability C.float
	if C.weft_predict_top(s.c, &bytes, &length, 1, 1, &label, &probability) != C.WEFT_OK {
		return "", 0, errors.New(C.GoString(C.weft_error()))
	}
	return C.GoString(C.weft_label(s.c, label)), float32(probability), nil
}

func run(plan string, texts []string) error {
	session, err := Load(plan)
	if err != nil {
		return err
	}
	defer session.Close()
	for _, text := range texts {
		label, probability, err := session.Predict(text)
		if err != nil {
			return err
		}
		fmt.Printf("%s\t%.4f\n", label, probability)
	}
	return nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: predict PLAN TEXT...")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "predict:", err)
		os.Exit(1)
	}
}
