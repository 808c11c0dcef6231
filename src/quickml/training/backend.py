"""Load Keras and TensorFlow, without their startup messages. The only module that imports them.

Importing this module takes seconds. `train.train` imports it when a training starts.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from quickml.errors import TrainingError
from quickml.training.chatter import without_chatter
from quickml.training.lazy_api import lazy_api

_OPTIONAL = ("requests", "sklearn")
CUSTOM_GRADIENT = "CustomGradient-"
"""What the names of the gradients begin with that `tf.custom_gradient` defines."""


@contextmanager
def _quicker() -> Iterator[None]:
    """Reduce the import time by a second.

    The import creates a million objects and no garbage, so garbage collection is off meanwhile, and the
    objects are frozen afterwards. Keras imports scikit-learn with scipy.stats for wrappers that are not used
    here, and `requests` for a callback. It treats them as optional, so these imports are blocked.
    """
    collecting, hidden = gc.isenabled(), [name for name in _OPTIONAL if name not in sys.modules]
    gc.disable()
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # documented: makes the import fail
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
        gc.freeze()
        if collecting:
            gc.enable()


os.environ["KERAS_BACKEND"] = "tensorflow"  # overrides the user's keras.json

with without_chatter(), _quicker(), lazy_api():
    import keras
    import tensorflow as tf

if keras.backend.backend() != "tensorflow":  # someone imported keras before us
    raise TrainingError(f"training expects Keras on TensorFlow, found Keras on {keras.backend.backend()}")
tf.get_logger().setLevel("ERROR")  # else a retracing warning for each training
# Override a keras.json in the home directory, which could select channels_first.
keras.config.set_image_data_format("channels_last")
keras.config.set_floatx("float32")
keras.config.set_dtype_policy("float32")

_gradients_of_others: set[str] = set()
"""Names of the gradients that existed before the training."""


def prepare(seed: int, *, on_gpu: bool = False) -> None:
    """Clear Keras' global state, seed all random numbers, and turn on deterministic kernels.

    Deterministic kernels give the same bits in every run, at no measurable cost. On a GPU they stay off,
    because some layers have none there and would fail. Products in float32 are not rounded to TF32.
    """
    keras.utils.clear_session(free_memory=False)
    _gradients_of_others.update(_own_gradients())
    keras.utils.set_random_seed(seed)
    if on_gpu:
        from tensorflow.python.framework import config  # there is no public API (TensorFlow 2.21)

        config.disable_op_determinism()
        tf.config.experimental.enable_tensor_float_32_execution(False)
    else:
        tf.config.experimental.enable_op_determinism()
    # In TensorFlow 2.21, this pass breaks (x * c + d) + (x * c + d) inside a loop: the loop returns nothing.
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})


def current_graph() -> Any:
    """The graph of the function that is being traced."""
    return tf.compat.v1.get_default_graph()


def dismantle(graph: Any) -> None:
    """Free everything that an unused graph refers to; reference cycles through C++ prevent its collection."""
    from tensorflow.python.framework import func_graph  # there is no public API (TensorFlow 2.21)

    func_graph.dismantle_func_graph(graph)
    graph.captures.clear()  # a second list of references


def forget_gradients() -> None:
    """Forget the gradients that were defined since `prepare`.

    Each refers to its graph, and TensorFlow keeps all: 7 MB after a training of a GRU with 40 steps.
    """
    for name in _own_gradients():
        del _registry()[name]


def _own_gradients() -> list[str]:
    return [
        name for name in _registry() if name.startswith(CUSTOM_GRADIENT) and name not in _gradients_of_others
    ]


def _registry() -> dict[str, Any]:
    """There is no public API (TensorFlow 2.21). Where another version has none, nothing is forgotten."""
    from tensorflow.python.framework import ops

    return getattr(getattr(ops, "gradient_registry", None), "_registry", {})


__all__ = ["current_graph", "dismantle", "forget_gradients", "keras", "prepare", "tf"]
