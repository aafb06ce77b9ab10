"""Logits of texts that are given as ids, by libweft.so."""

import ctypes

import numpy as np


def logits_of(build, plan, ids):
    """[texts, logits] of texts of one length: ids [texts, length]."""
    weft = ctypes.CDLL(str(build / "libweft.so"))
    weft.weft_load.restype = ctypes.c_void_p
    weft.weft_logit_count.restype = ctypes.c_size_t
    weft.weft_error.restype = ctypes.c_char_p
    session = ctypes.c_void_p(weft.weft_load(str(plan).encode(), 1, 0))
    assert session, weft.weft_error().decode()
    count, width = len(ids), weft.weft_logit_count(session)
    flat = np.ascontiguousarray(ids, np.int32)
    offsets = np.arange(count + 1, dtype=np.int64) * ids.shape[1]
    logits = np.zeros((count, width), np.float32)
    status = weft.weft_predict_logits_ids(
        session, flat.ctypes.data_as(ctypes.c_void_p), None,
        offsets.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(count),
        logits.ctypes.data_as(ctypes.c_void_p))
    assert status == 0, weft.weft_error().decode()
    weft.weft_free(session)
    return logits
