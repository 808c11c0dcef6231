"""The GPUs of this machine, and the seats that share them.

They are listed by `nvidia-smi`, which every driver of NVIDIA brings: a library in this process would be one
dependency more, and could take the process with it. TensorFlow, which would take seconds and memory, is not
loaded; whether it can use a GPU is seen by the worker that gets one.
"""

from __future__ import annotations

import csv
import importlib.util
import logging
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from quickml.errors import GpuError, unexpected

log = logging.getLogger(__name__)

VISIBLE = "CUDA_VISIBLE_DEVICES"
NONE_VISIBLE = "-1"
PROGRAM = "nvidia-smi"
LIST_S = 30.0
"""Time to list them: a driver that is loaded on demand takes seconds."""
RESERVED_BYTES = 1 << 30
"""Memory of a GPU that a process takes besides that of its training: CUDA's context, and kernels."""
LIBRARIES_BYTES = 4 << 30
"""Main memory that CUDA and its libraries take in a process, at most."""
_CUDA_BUILD = re.compile(r"""is_cuda_build['"]\s*[,:]\s*True""")


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """A GPU."""

    index: int
    uuid: str
    """Its name for CUDA; unlike its number, the same in every order of devices."""
    name: str
    memory_bytes: int


@dataclass(frozen=True, kw_only=True)
class GpuSeat:
    """What a seat has of a GPU."""

    uuid: str
    memory_bytes: int
    """What its trainings may take."""


def gpu_seats(asked: int | None, seats_per_gpu: int) -> tuple[GpuSeat, ...]:
    """The seats on `asked` GPUs of this machine; if that is None, on all that TensorFlow can use.

    The first ones are on different GPUs, for hosts that have fewer seats.

    Raises:
        GpuError: there are fewer.
    """
    if asked == 0 or (asked is None and not has_cuda_build()):
        return ()
    found = gpus()
    if asked is not None and len(found) < asked:
        hint = "; see what nvidia-smi lists"
        raise GpuError(unexpected("gpus", f"{asked} of NVIDIA on this machine", f"{len(found)}{hint}"))
    used = found[:asked]
    for gpu in used:
        log.info("GPU %d: %s, %.1f GB, %d seats", gpu.index, gpu.name, gpu.memory_bytes / 1e9, seats_per_gpu)
    return tuple(
        GpuSeat(uuid=gpu.uuid, memory_bytes=share(gpu.memory_bytes, seats_per_gpu))
        for _ in range(seats_per_gpu)
        for gpu in used
    )


def share(memory_bytes: int, seats: int) -> int:
    """The memory for trainings of each of the seats that share a GPU."""
    each = memory_bytes // seats
    return max(each - RESERVED_BYTES, each // 2)


def gpus(environment: Mapping[str, str] = os.environ) -> list[Gpu]:
    """The GPUs that this process may use; none where there is no driver, or none that works."""
    if (program := shutil.which(PROGRAM)) is None:
        return []
    query = [program, "--query-gpu=index,uuid,name,memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=LIST_S, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stdout", "") or str(error)
        log.warning("no GPUs: %s: %.200r", PROGRAM, str(said).strip())
        return []
    return visible(listed(done.stdout), environment.get(VISIBLE))


def listed(text: str) -> list[Gpu]:
    """The GPUs in the output of `nvidia-smi`. Those without memory of their own are left out."""
    found = []
    for row in csv.reader(text.splitlines(), skipinitialspace=True):
        try:
            index, uuid, name, memory_mib = row
            found.append(
                Gpu(index=int(index), uuid=uuid, name=name, memory_bytes=int(float(memory_mib) * 2**20))
            )
        except ValueError:
            log.warning("a GPU is left out: %.200r", ", ".join(row))
    return found


def visible(found: Sequence[Gpu], named: str | None) -> list[Gpu]:
    """Those that `CUDA_VISIBLE_DEVICES` names, by numbers or by the beginnings of UUIDs; all without it.

    As in CUDA, the first name that fits none ends the list. Numbers are those of `nvidia-smi`, which Ray and
    Slurm write.
    """
    if named is None:
        return list(found)
    chosen: list[Gpu] = []
    for name in map(str.strip, named.split(",")):
        fits = [gpu for gpu in found if _is_named(gpu, name)]
        if len(fits) != 1 or fits[0] in chosen:
            break
        chosen += fits
    return chosen


def _is_named(gpu: Gpu, name: str) -> bool:
    return name == str(gpu.index) or (name.startswith("GPU-") and gpu.uuid.startswith(name))


def has_cuda_build() -> bool:
    """Whether the TensorFlow that is installed was built for CUDA."""
    found = importlib.util.find_spec("tensorflow")
    folders = (found.submodule_search_locations if found else None) or ()
    for folder in folders:
        path = Path(folder, "python", "platform", "build_info.py")
        if path.is_file() and _CUDA_BUILD.search(path.read_text(encoding="utf-8")):
            return True
    return False
