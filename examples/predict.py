#!/usr/bin/env python3
"""Labels texts from Python, by ctypes alone: nothing is compiled or installed.

    predict.py build/libweft.so reviews.plan "a fine film" "a dull book"
"""
import ctypes
import sys
from ctypes import POINTER, c_char_p, c_float, c_int, c_int32, c_size_t, c_void_p


class Session:
    """A plan at work. Not for two threads at once."""

    def __init__(self, library, plan, threads=1):
        self.weft = weft = ctypes.CDLL(library)
        weft.weft_error.restype = c_char_p
        weft.weft_load.restype = c_void_p
        weft.weft_load.argtypes = [c_char_p, c_int, c_int]
        weft.weft_free.argtypes = [c_void_p]
        weft.weft_label.restype = c_char_p
        weft.weft_label.argtypes = [c_void_p, c_int32]
        weft.weft_predict_top.argtypes = [
            c_void_p, POINTER(c_char_p), POINTER(c_size_t), c_size_t, c_size_t,
            POINTER(c_int32), POINTER(c_float)]
        self.session = weft.weft_load(plan.encode(), threads, 0)
        if not self.session:
            raise RuntimeError(weft.weft_error().decode())

    def predict(self, texts):
        """The label of each text and its probability."""
        raw = [text.encode() for text in texts]
        count = len(raw)
        labels, probabilities = (c_int32 * count)(), (c_float * count)()
        lengths = (c_size_t * count)(*map(len, raw))  # texts may hold a 0
        if self.weft.weft_predict_top(self.session, (c_char_p * count)(*raw), lengths, count, 1,
                                      labels, probabilities):
            raise RuntimeError(self.weft.weft_error().decode())
        name = self.weft.weft_label
        return [(name(self.session, label).decode(), p) for label, p in zip(labels, probabilities)]

    def close(self):
        self.weft.weft_free(self.session)
        self.session = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def main(arguments):
    if len(arguments) < 3:
        sys.exit("usage: predict.py LIBRARY PLAN TEXT...")
    library, plan, *texts = arguments
    try:
        with Session(library, plan) as session:
            for label, probability in session.predict(texts):
                print(f"{label}\t{probability:.4f}")
    except (OSError, RuntimeError) as error:
        sys.exit(f"predict.py: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
