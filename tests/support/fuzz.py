"""Damaged Core ML files, made by the thousand: each must end in an answer or in our own error, soon and small.

    python tests/support/fuzz.py --seconds 600 --seed 1        # what CI does for 15 s, for longer
    python tests/support/fuzz.py --seed 1 --first 4711 --count 1   # one file again

Files are damaged byte by byte (cut short, flipped bits, random bytes, pieces moved) and field by field (huge and
negative sizes, unknown enums, other kinds of layers, weights of other layers, missing parts). A file may take a
second of processor time to read and a gigabyte of memory above what an idle runtime takes. What a sound file
computes takes as long as it takes; here, at most `RUN_S`.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from quickml.errors import CoreMLError, InputError
from quickml.export.coreml.reading import proto
from quickml.export.coreml.reading.describe import describe
from quickml.export.coreml.reading.files import read
from quickml.export.runtime import Input, Runtime

READ_S, RUN_S, MEMORY_BYTES = 1.0, 10.0, 2**30
IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
SIZES = (0, 1, 2, 3, 5, 16, 255, 4096, 65537, 2**26, 2**31 - 1, 2**31, 2**32 + 1, 2**40, 2**62, 2**63 - 1)
NUMBERS = (0.0, -1.0, 1e-45, 1e38, float("inf"), float("-inf"), float("nan"), 0.5, 3.0)


# --- sound files to start from ------------------------------------------------------------------------


def seeds_in(folder: Path) -> list[Path]:
    """What fuzz_seeds.py wrote."""
    return sorted(folder.glob("*/*.ml*"))


# --- damage, byte by byte -----------------------------------------------------------------------------


def damaged_bytes(content: bytes, dice: random.Random) -> bytes:
    broken = bytearray(content)
    for _ in range(dice.choice((1, 1, 1, 2, 5, 30))):
        at, length = dice.randrange(len(broken) + 1), dice.choice((1, 2, 8, 100))
        way = dice.randrange(7)
        if way == 0:
            del broken[at:]
        elif way == 1:
            del broken[at : at + length]
        elif way == 2:
            broken[at : at + length] = dice.randbytes(min(length, len(broken) - at))
        elif way == 3 and at < len(broken):
            broken[at] ^= 1 << dice.randrange(8)
        elif way == 4:
            broken[at:at] = broken[at : at + length]
        elif way == 5:
            broken[at : at + 8] = dice.choice(SIZES).to_bytes(8, "little")
        else:
            other = dice.randrange(len(broken) + 1)
            broken[at : at + length] = broken[other : other + length]
        if not broken:
            break
    return bytes(broken)


# --- damage, field by field ---------------------------------------------------------------------------


def messages(message: Any) -> Iterator[Any]:
    """A message and every message in it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if is_map(field):
            values = value.values() if field.message_type.fields_by_name["value"].message_type else ()
        else:
            values = value if field.is_repeated else (value,)
        for one in values:
            yield from messages(one)


def is_map(field: Any) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def damaged_message(content: bytes, dice: random.Random) -> bytes:
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        # Read anew for each change: protobuf's messages do not outlive the message they are part of.
        model = proto.new_model()
        model.ParseFromString(content)
        every = list(messages(model))
        for _ in range(50):  # most messages are empty, or constants of one number
            if damage(dice.choice(every), every, dice):
                break
        content = bytes(model.SerializeToString())
    return content


def damage(message: Any, every: list[Any], dice: random.Random) -> bool:
    """One change to one message; False where it cannot be made."""
    descriptor = message.DESCRIPTOR
    fields = [field for field in descriptor.fields if not is_map(field)]
    present = [field for field, _ in message.ListFields()]
    if not fields:
        return False
    way = dice.randrange(5)
    if way == 0 and present:  # something is missing
        message.ClearField(dice.choice(present).name)
        return True
    if way == 1:  # something of the same kind from elsewhere: weights of another layer, another input, ...
        same = [one for one in every if one.DESCRIPTOR is descriptor and one is not message]
        if same:
            message.ParseFromString(dice.choice(same).SerializeToString())
        return bool(same)
    if way == 2 and descriptor.oneofs:  # another kind
        field = dice.choice(dice.choice(descriptor.oneofs).fields)
        if field.message_type is not None:
            getattr(message, field.name).SetInParent()
            return True
    known = [field for field in present if field in fields]
    field = dice.choice(known if known and dice.random() < 0.8 else fields)
    return repeated(message, field, dice) if field.is_repeated else single(message, field, every, dice)


def single(message: Any, field: Any, every: list[Any], dice: random.Random) -> bool:
    value = scalar(field, getattr(message, field.name), every, dice)
    if value is None:
        return False
    setattr(message, field.name, value)
    return True


def repeated(message: Any, field: Any, dice: random.Random) -> bool:
    values = getattr(message, field.name)
    way = dice.randrange(5)
    if way == 0 and values:
        del values[dice.randrange(len(values))]
    elif way == 1 and values:
        del values[dice.randrange(len(values)) :]
    elif way == 2 and values:
        values.extend([dice.choice(list(values))] * dice.choice((1, 1, 3, 40)))
    elif field.message_type is not None:
        values.add()
    else:
        value = scalar(field, None, [], dice)
        if value is None:
            return False
        if values and way == 3:
            values[dice.randrange(len(values))] = value
        else:
            values.append(value)
    return True


def scalar(field: Any, now: Any, every: list[Any], dice: random.Random) -> Any:
    kinds = type(field)
    if field.cpp_type in (kinds.CPPTYPE_FLOAT, kinds.CPPTYPE_DOUBLE):
        return dice.choice(NUMBERS)
    if field.cpp_type == kinds.CPPTYPE_BOOL:
        return dice.random() < 0.5 if now is None else not now
    if field.cpp_type == kinds.CPPTYPE_ENUM:
        return dice.choice((*field.enum_type.values_by_number, 77, -1))
    if field.type == kinds.TYPE_BYTES:
        return damaged_bytes(now or b"\0" * 8, dice)
    if field.cpp_type == kinds.CPPTYPE_STRING:
        names = [one.name for one in every if "name" in one.DESCRIPTOR.fields_by_name]
        return dice.choice((*(name for name in names if isinstance(name, str)), "", "x" * 300))
    if field.cpp_type == kinds.CPPTYPE_MESSAGE:
        return None
    return whole(field, now, dice)


def whole(field: Any, now: Any, dice: random.Random) -> int:
    bits = 32 if field.cpp_type in (type(field).CPPTYPE_INT32, type(field).CPPTYPE_UINT32) else 64
    is_signed = field.cpp_type in (type(field).CPPTYPE_INT32, type(field).CPPTYPE_INT64)
    value = dice.choice((*SIZES, *((now + 1, now * 2, now - 1) if isinstance(now, int) else ())))
    if is_signed:
        value = value if dice.random() < 0.5 else -value
        return max(-(2 ** (bits - 1)), min(2 ** (bits - 1) - 1, value))
    return max(0, min(2**bits - 1, value))


# --- one file -----------------------------------------------------------------------------------------


def message_of(path: Path) -> Path:
    return path if path.is_file() else path / "Data" / "com.apple.CoreML" / "model.mlmodel"


def damaged_file(seeds: list[Path], folder: Path, dice: random.Random) -> Path:
    """A copy of one of the seeds, damaged in one way or two."""
    seed = dice.choice(seeds)
    path = folder / seed.name
    if seed.is_file():
        shutil.copyfile(seed, path)
    else:
        shutil.copytree(seed, path)
    parts: list[tuple[Path, Callable[[bytes, random.Random], bytes]]] = [
        *[(message_of(path), damaged_message)] * 12, *[(message_of(path), damaged_bytes)] * 4,
    ]  # fmt: skip
    if path.is_dir():
        weights = path / "Data" / "com.apple.CoreML" / "weights" / "weight.bin"
        parts += [(path / "Manifest.json", damaged_bytes)]
        parts += [(weights, damaged_bytes)] * 4 if weights.is_file() else []
    part, way = dice.choice(parts)
    part.write_bytes(way(part.read_bytes(), dice))
    return path


def attempt(path: Path) -> tuple[str, float, float]:
    """What came of it, and the seconds of processor time to read it and to run it."""
    started = read_by = time.process_time()
    try:
        describe(read(path))
        runtime = Runtime.load(path, engine="onnx", threads=1)
        read_by = time.process_time()
        runtime.run({one.name: value_for(one) for one in runtime.inputs if not one.is_optional})
    except (CoreMLError, InputError) as error:
        if wants_memory(error):
            raise
        now = time.process_time()
        return "refused", (now if read_by == started else read_by) - started, now - read_by
    return "ran", read_by - started, time.process_time() - read_by


def value_for(taken: Input) -> Any:
    if taken.kind == "dictionary":
        return dict.fromkeys(taken.handling.categories, 1.5)
    if taken.handling.categories:
        return taken.handling.categories[-1]
    return {"string": "a", "int64": 1, "double": 1.5}.get(taken.kind, np.ones(taken.shape))


def wants_memory(error: BaseException | None) -> bool:
    """Whether an error comes of memory that was not to be had."""
    while error is not None:
        if isinstance(error, MemoryError) or "alloc" in str(error).lower():
            return True
        error = error.__cause__ or error.__context__
    return False


def limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))


def fuzz(seeds: list[Path], seed: int, first: int, count: int | None, seconds: float) -> dict[str, Any]:
    """Returns how many files ran and how many were refused, and the slowest; fails at the first that does worse."""
    told: dict[str, Any] = {"ran": 0, "refused": 0, "slowest_read_s": 0.0, "slowest_run_s": 0.0}
    for path in seeds:
        outcome, *_ = attempt(path)
        assert outcome == "ran", f"{path} is no sound file"
    limit_memory()
    until, number = time.process_time() + seconds, first  # as many files on a busy machine as on another
    while time.process_time() < until and (count is None or number < first + count):
        print(f"file {number}", file=sys.stderr, flush=True)  # the last one says what ended the process
        with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
            path = damaged_file(seeds, Path(folder), random.Random(f"{seed}:{number}"))
            outcome, read_s, run_s = attempt(path)
        if read_s > READ_S or run_s > RUN_S:
            raise TimeoutError(f"file {number}: {read_s:.1f} s to read, {run_s:.1f} s to run")
        told[outcome] += 1
        told["slowest_read_s"] = max(told["slowest_read_s"], read_s)
        told["slowest_run_s"] = max(told["slowest_run_s"], run_s)
        number += 1
    return told


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="of processor time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first file")
    parser.add_argument("--count", type=int, help="how many files, instead of as many as there is time for")
    parser.add_argument("--seeds", type=Path, help="a folder of sound files; made anew where none is given")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        if asked.seeds is None:
            import subprocess

            # In a process of its own: coremltools is large, and what is measured here is the runtime.
            subprocess.run([sys.executable, str(Path(__file__).with_name("fuzz_seeds.py")), made], check=True)
        seeds = seeds_in(asked.seeds or Path(made))
        print(json.dumps(fuzz(seeds, asked.seed, asked.first, asked.count, asked.seconds)))


if __name__ == "__main__":
    main()
