#!/usr/bin/env python3
"""Trains a model from Python, by ctypes alone, on texts in memory; then labels texts with it.

    fit.py build/libweft_frontend.so reviews.plan "a fine film" "a dull book"

The plan is written to reviews.plan. Texts to learn from: lines `label<tab>text` on standard input.
"""
import ctypes
import sys
from ctypes import (CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_double, c_int, c_int32, c_int64,
                    c_size_t, c_void_p)


class Progress(Structure):
    _fields_ = [("epoch", c_int64), ("epochs", c_int64), ("done", c_size_t), ("texts", c_size_t),
                ("loss", c_double), ("accuracy", c_double)]


class Options(Structure):
    _fields_ = [("size", c_size_t), ("description", c_char_p), ("settings", c_char_p),
                ("valid_fraction", c_double), ("threads", c_int),
                ("progress", CFUNCTYPE(c_int, c_void_p, POINTER(Progress))),
                ("message", CFUNCTYPE(None, c_void_p, c_char_p)), ("user", c_void_p)]


def strings(texts):
    """An array of C strings, and their lengths: texts may hold a 0."""
    raw = [text.encode() for text in texts]
    return (c_char_p * len(raw))(*raw), (c_size_t * len(raw))(*map(len, raw))


class Weft:
    def __init__(self, library):
        self.weft = weft = ctypes.CDLL(library)
        weft.weft_error.restype = c_char_p
        weft.weft_fit.argtypes = [
            POINTER(Options), POINTER(c_char_p), POINTER(c_size_t), POINTER(c_char_p),
            POINTER(c_size_t), c_size_t, POINTER(c_char_p), POINTER(c_int64), POINTER(c_void_p),
            POINTER(c_size_t)]
        weft.weft_free_bytes.argtypes = [c_void_p]
        weft.weft_load_memory.restype = c_void_p
        weft.weft_load_memory.argtypes = [c_char_p, c_size_t, c_int, c_int]
        weft.weft_free.argtypes = [c_void_p]
        weft.weft_label.restype = c_char_p
        weft.weft_label.argtypes = [c_void_p, c_int32]
        weft.weft_predict.argtypes = [c_void_p, POINTER(c_char_p), POINTER(c_size_t), c_size_t,
                                      POINTER(c_int32), c_void_p]

    def check(self, good):
        if not good:
            raise RuntimeError(self.weft.weft_error().decode())

    def fit(self, texts, labels, settings, progress):
        """The bytes of a plan. `progress(Progress)` is true to go on."""
        options = Options(
            size=ctypes.sizeof(Options), settings=settings.encode(), threads=1,
            progress=Options._fields_[5][1](lambda _, now: not progress(now.contents)),
            message=Options._fields_[6][1](lambda _, text: print(text.decode(), file=sys.stderr)))
        raw, lengths = strings(texts)
        names, _ = strings(labels)
        plan, size = c_void_p(), c_size_t()
        self.check(not self.weft.weft_fit(byref(options), raw, lengths, None, None, len(texts),
                                          names, None, byref(plan), byref(size)))
        try:
            return ctypes.string_at(plan, size.value)
        finally:
            self.weft.weft_free_bytes(plan)

    def predict(self, plan, texts):
        session = self.weft.weft_load_memory(plan, len(plan), 1, 0)
        self.check(session)
        raw, lengths = strings(texts)
        labels = (c_int32 * len(texts))()
        try:
            self.check(not self.weft.weft_predict(session, raw, lengths, len(texts), labels, None))
            return [self.weft.weft_label(session, label).decode() for label in labels]
        finally:
            self.weft.weft_free(session)


def show(now):
    if now.done == now.texts:
        print(f"epoch {now.epoch} of {now.epochs}: loss {now.loss:.4f}", file=sys.stderr)
    return True


def main(arguments):
    if len(arguments) < 2:
        sys.exit("usage: fit.py LIBRARY PLAN TEXT...")
    library, file, *texts = arguments
    rows = [line.rstrip("\n").split("\t", 1) for line in sys.stdin]
    try:
        weft = Weft(library)
        plan = weft.fit([row[1] for row in rows], [row[0] for row in rows], "epochs=10 seed=1", show)
        with open(file, "wb") as out:
            out.write(plan)
        for label in weft.predict(plan, texts):
            print(label)
    except (OSError, RuntimeError) as error:
        sys.exit(f"fit.py: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
