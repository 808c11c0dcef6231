"""The device that a training runs on: the processor, or a GPU that TensorFlow can use."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from quickml.document.training import Accelerator
from quickml.errors import TrainingError

Event = TypeVar("Event")
Result = TypeVar("Result")

CPU_NAME = "/CPU:0"
"""TensorFlow's name of the processor."""


@dataclass(frozen=True, kw_only=True)
class TrainingDevice:
    """What a training runs on."""

    kind: Literal["cpu", "gpu"] = "cpu"
    name: str = ""
    """Of a GPU, as its maker calls it."""
    capability: tuple[int, int] = (0, 0)
    """CUDA's compute capability of a GPU, which says what types of numbers it multiplies fast."""

    @property
    def is_gpu(self) -> bool:
        """Whether it is a GPU."""
        return self.kind == "gpu"


CPU = TrainingDevice()


def device_for(accelerator: Accelerator) -> TrainingDevice:
    """The device for a training. Loads TensorFlow.

    Raises:
        TrainingError: it asks for a GPU, and there is none that TensorFlow can use.
    """
    from quickml.training.backend import tf

    gpus = tf.config.list_physical_devices("GPU")
    if accelerator == "cpu" or (accelerator == "auto" and not gpus):
        return CPU
    if not gpus:
        reason = "" if tf.test.is_built_with_cuda() else ", whose build here has no CUDA"
        raise TrainingError(
            f"/training/accelerator: expected a GPU, found none that TensorFlow can use{reason};"
            ' install a driver of NVIDIA and tensorflow[and-cuda], or write "auto" or "cpu"'
        )
    if len(gpus) > 1:
        with suppress(RuntimeError):  # TensorFlow has begun to use them
            tf.config.set_visible_devices(gpus[:1], "GPU")  # else it would take the memory of all
    details = tf.config.experimental.get_device_details(gpus[0])
    return TrainingDevice(
        kind="gpu", name=details.get("device_name", ""), capability=details.get("compute_capability", (0, 0))
    )


def use_gpu(memory_bytes: int) -> None:
    """Limit the memory that this process uses of its GPU. Call it before TensorFlow computes anything.

    Raises:
        TrainingError: TensorFlow can use no GPU here.
    """
    device_for("gpu")
    from quickml.training.backend import tf

    gpu = tf.config.list_physical_devices("GPU")[0]
    limit = tf.config.LogicalDeviceConfiguration(memory_limit=memory_bytes >> 20)
    tf.config.set_logical_device_configuration(gpu, [limit])


def on_cpu() -> AbstractContextManager[Any]:
    """Place on the processor what TensorFlow would place on a GPU."""
    from quickml.training.backend import tf

    return tf.device(CPU_NAME) if tf.config.list_physical_devices("GPU") else nullcontext()


def placed(work: Generator[Event, None, Result], device: TrainingDevice) -> Generator[Event, None, Result]:
    """Run a generator on a device. What the caller computes between its events is placed as before."""
    place = nullcontext if device.is_gpu else on_cpu
    try:
        while True:
            with place():
                try:
                    event = next(work)
                except StopIteration as end:
                    return end.value  # type: ignore[no-any-return]
            yield event
    finally:
        with place():
            work.close()
