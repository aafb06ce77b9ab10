"""Plans and what `weft export --onnx` made of them: valid to ONNX's checker, and equal to weft in ONNX
Runtime.

    python3 tests/onnx/check_export.py BUILD_FOLDER PLAN FILE.onnx IDS [PLAN FILE.onnx IDS]...

IDS: how many ids the plan knows. Skipped where onnx, onnxruntime or numpy is missing.
"""

import pathlib
import sys

try:
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(0)

from weft_logits import logits_of

build = pathlib.Path(sys.argv[1])
random = np.random.default_rng(1)
for plan, file, ids in zip(sys.argv[2::3], sys.argv[3::3], sys.argv[4::3]):
    onnx.checker.check_model(onnx.load(file), full_check=True)
    session = onnxruntime.InferenceSession(file)
    for length in (1, 2, 3, 7, 12):
        texts = random.integers(1, int(ids), (3, length))
        found = session.run(None, {"ids": texts})[0]
        expected = logits_of(build, plan, texts)
        difference = float(np.abs(found - expected).max())
        assert difference <= 1e-5 * max(1, np.abs(expected).max()), f"{file}, {length}: {difference}"
    print(f"{file}: valid, and equal to {plan}")
