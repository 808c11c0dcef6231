"""Keras on TensorFlow, loaded quietly: the one place where either is imported.

Importing this module takes seconds; `train.train` does so when there is something to train.
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

CHATTER = (b"All log messages before absl::InitializeLog()", b"oneDNN custom operations are on")
"""What TensorFlow prints on stderr while it loads, whatever TF_CPP_MIN_LOG_LEVEL says."""


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Hold stderr back, file descriptor and all, and pass on what is no chatter.

    The lines come from C++, so replacing `sys.stderr` would not catch them.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
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
    """Load in two thirds of the time (1.9 s against 2.9 s).

    A million new objects and no garbage: collecting only costs, now and ever after. And Keras imports
    scikit-learn, with all of scipy.stats, for wrappers that are not used here; it does without where that is
    not to be had.
    """
    collecting, hidden = gc.isenabled(), "sklearn" not in sys.modules
    gc.disable()
    if hidden:
        sys.modules["sklearn"] = None  # type: ignore[assignment]  # documented: importing it then fails
    try:
        yield
    finally:
        if hidden:
            del sys.modules["sklearn"]
        gc.freeze()
        if collecting:
            gc.enable()


os.environ["KERAS_BACKEND"] = "tensorflow"  # also where the person's keras.json says something else
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

with _without_chatter(), _quicker():
    import keras
    import tensorflow as tf

if keras.backend.backend() != "tensorflow":  # someone imported keras before us
    raise TrainingError(f"training expects Keras on TensorFlow, found Keras on {keras.backend.backend()}")
tf.get_logger().setLevel("ERROR")  # it warns that each of several trainings compiles its own loop
# A keras.json in the home directory may say otherwise, and would turn every image around.
keras.config.set_image_data_format("channels_last")
keras.config.set_floatx("float32")
keras.config.set_dtype_policy("float32")


def prepare(seed: int) -> None:
    """Start from nothing: no layer of an earlier training, random numbers from `seed`.

    TensorFlow then takes only kernels that give the same bits in every run, which costs nothing measurable.
    """
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    # TensorFlow 2.21 turns (x * c + d) + (x * c + d) inside a loop into a loop that gives nothing back.
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})


def current_graph() -> Any:
    """The graph that a function is being traced into."""
    return tf.compat.v1.get_default_graph()


def dismantle(graph: Any) -> None:
    """Free what a graph that is done with refers to: cycles through C++ keep it from being collected."""
    from tensorflow.python.framework import func_graph  # no public way (TensorFlow 2.21)

    func_graph.dismantle_func_graph(graph)
    graph.captures.clear()  # a list that it keeps of them


__all__ = ["current_graph", "dismantle", "keras", "prepare", "tf"]
