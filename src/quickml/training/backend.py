"""Load Keras and TensorFlow, without their startup messages. The only module that imports them.

Importing this module takes seconds. `train.train` imports it when a training starts.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from quickml.errors import TrainingError
from quickml.training.lazy_api import lazy_api

CHATTER = (b"All log messages before absl::InitializeLog()", b"oneDNN custom operations are on")
"""Messages that TensorFlow prints on stderr while it loads, regardless of TF_CPP_MIN_LOG_LEVEL."""


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Capture stderr, and print the lines that are not in `CHATTER` afterwards.

    C++ code writes to the file descriptor, so replacing `sys.stderr` would not capture it. If no disk has
    room for a temporary file, the messages are shown.
    """
    sys.stderr.flush()
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115
    except OSError:
        yield
        return
    kept = os.dup(2)
    with file as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            for line in held:
                if not any(words in line for words in CHATTER):
                    os.write(2, line)


@contextmanager
def _quicker() -> Iterator[None]:
    """Reduce the import time from 2.9 s to 1.9 s.

    The import creates a million objects and no garbage, so garbage collection is off meanwhile, and the
    objects are frozen afterwards. Keras imports scikit-learn with scipy.stats for wrappers that are not used
    here, and treats it as optional, so the import of scikit-learn is blocked.
    """
    collecting, hidden = gc.isenabled(), "sklearn" not in sys.modules
    gc.disable()
    if hidden:
        sys.modules["sklearn"] = None  # type: ignore[assignment]  # documented: makes the import fail
    try:
        yield
    finally:
        if hidden:
            del sys.modules["sklearn"]
        gc.freeze()
        if collecting:
            gc.enable()


os.environ["KERAS_BACKEND"] = "tensorflow"  # overrides the user's keras.json
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

with _without_chatter(), _quicker(), lazy_api():
    import keras
    import tensorflow as tf

if keras.backend.backend() != "tensorflow":  # someone imported keras before us
    raise TrainingError(f"training expects Keras on TensorFlow, found Keras on {keras.backend.backend()}")
tf.get_logger().setLevel("ERROR")  # else a retracing warning for each training
# Override a keras.json in the home directory, which could select channels_first.
keras.config.set_image_data_format("channels_last")
keras.config.set_floatx("float32")
keras.config.set_dtype_policy("float32")

_is_clear = True
"""Nothing was made with Keras yet."""


def prepare(seed: int) -> None:
    """Clear Keras' global state, seed all random numbers, and turn on deterministic kernels.

    Deterministic kernels give the same bits in every run, at no measurable cost.
    """
    global _is_clear
    if not _is_clear:
        keras.utils.clear_session(free_memory=False)  # loads `tf.compat.v1`, which takes 0.2 s
    _is_clear = False
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    # In TensorFlow 2.21, this pass breaks (x * c + d) + (x * c + d) inside a loop: the loop returns nothing.
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})


def current_graph() -> Any:
    """The graph of the function that is being traced."""
    from tensorflow.python.framework import ops  # the public name, in tf.compat.v1, takes 0.2 s to load

    return ops.get_default_graph()


def dismantle(graph: Any) -> None:
    """Free everything that an unused graph refers to; reference cycles through C++ prevent its collection."""
    from tensorflow.python.framework import func_graph  # there is no public API (TensorFlow 2.21)

    func_graph.dismantle_func_graph(graph)
    graph.captures.clear()  # a second list of references


__all__ = ["current_graph", "dismantle", "keras", "prepare", "tf"]
