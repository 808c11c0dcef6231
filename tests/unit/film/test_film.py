import json
import re
import shutil
import subprocess
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest

import quickml
import rounds
from quickml.errors import FilmError
from quickml.film import Film, Part, Reel, fitting
from quickml.film.encoder import FrameEncoder
from quickml.film.layout import (
    LOSS,
    MAX_FILM_BYTES,
    MAX_RAW_FRAME_BYTES,
    MAX_READ_BYTES,
    head,
    raw_bytes,
    read_head,
)
from quickml.film.records import alone, deflate, read_records, record

HEADER = {"task": "classification", "labels": ["yes", "no"], "epochs": 3, "steps_per_epoch": 10}
PARTS = (
    Part(name="grid", shape=(2, 8, 8), kind="fixed"),
    Part(name="unit/dense", shape=(4, 8, 8), kind="ranged"),
    Part(name="activation/dense", shape=(4,), kind="ranged"),
    Part(name="activation/conv", shape=(3, 5, 5), kind="ranged", ranges=3, bits=6),
    Part(name="tanh", shape=(3, 7), kind="fixed", low=-1, high=1, bits=8),
    Part(name="weights/dense/kernel", shape=(2, 5), kind="float16"),
    Part(name="histogram/dense/kernel", shape=(32,), kind="histogram"),
)


def arrays(seed):
    random = np.random.default_rng(seed)
    return {
        "grid": random.random((2, 8, 8), np.float32),
        "unit/dense": random.normal(0, 10.0 ** (seed % 9 - 4), (4, 8, 8)).astype(np.float32),
        "activation/dense": np.full(4, 2.5, np.float32) if seed % 2 else random.random(4, np.float32),
        "activation/conv": random.normal(1e6, [[[1]], [[0]], [[1e4]]], (3, 5, 5)).astype(np.float32),
        "tanh": np.tanh(random.normal(0, 1, (3, 7))),
        "weights/dense/kernel": random.normal(0, 3, (2, 5)).astype(np.float32),
        "histogram/dense/kernel": random.normal(0, 1, (30, 40)),
    }


def reel(count=5, sink=None):
    made = Reel(HEADER, PARTS, sink)
    for number in range(count):
        made.add(number * 7, 1 / (1 + number), arrays(number))
    return made


FILM = reel().to_bytes()
_, _, START = read_head(FILM)
CONTENTS = [(number, content) for number, _, content in read_records(FILM, START, raw_bytes(PARTS))]


def test_what_was_written_is_read():
    film = quickml.Film.read(FILM)
    assert {name: film.header[name] for name in HEADER} == HEADER
    assert [frame.number for frame in film.frames] == [0, 7, 14, 21, 28]
    for seed, frame in enumerate(film.frames):
        assert frame.loss == np.float32(1 / (1 + seed))
        assert list(frame.parts) == [part.name for part in PARTS]
        for part in PARTS:
            assert frame.parts[part.name].shape == part.shape
            assert frame.parts[part.name].dtype == np.float32
            check_errors(part, frame.parts, arrays(seed)[part.name])


def check_errors(part, parts, given):
    found, ranges = parts[part.name].astype(np.float64), parts.ranges(part.name).astype(np.float64)
    if part.kind == "float16":
        assert np.abs(found - given).max() <= np.abs(given).max() / 450
    elif part.kind == "histogram":
        low, high = ranges[0]
        counts, _ = np.histogram(given, 32, (low, high))
        assert low <= given.min() and given.max() <= high and high - low <= 1.3 * np.ptp(given)
        assert np.abs(found - counts / given.size).sum() < 0.03
    else:
        steps = (ranges[:, 1] - ranges[:, 0]) / (2**part.bits - 1)
        errors = np.abs(found - given).reshape(len(steps), -1).max(1)
        assert (errors <= 1.0001 * steps + np.abs(given).max() * 2e-7).all()
        if part.kind == "ranged":
            span = np.ptp(given.reshape(len(steps), -1), 1)
            assert (ranges[:, 1] - ranges[:, 0] <= 1.3 * span).all()


def test_a_file_is_read(tmp_path):
    (tmp_path / "film.bin").write_bytes(FILM)
    for source in (tmp_path / "film.bin", str(tmp_path / "film.bin")):
        assert [frame.number for frame in Film.read(source).frames] == [0, 7, 14, 21, 28]
    (tmp_path / "large").write_bytes(b"QMLFILM\x01" + bytes(MAX_READ_BYTES))
    with pytest.raises(FilmError, match=r"film: expected at most 16,777,216 bytes, found more"):
        Film.read(tmp_path / "large")


def test_a_page_of_frames_that_stand_alone_is_a_film():
    whole = Film.read(FILM)
    kept = CONTENTS[1::2]
    page = head(HEADER, PARTS) + b"".join(record(number, alone(content)) for number, content in kept)
    frames = Film.read(page).frames
    assert [frame.number for frame in frames] == [7, 21]
    for name, values in frames[1].parts.items():
        assert np.array_equal(values, whole.frames[3].parts[name])


def encode(part, values, before=b""):
    """Bytes of a part; `before` are those of the frame before."""
    content = FrameEncoder([part]).encode(0, {part.name: values}, LOSS.pack(0) + before if before else b"")
    return content[LOSS.size :]


@pytest.mark.parametrize("kind", ["fixed", "ranged"])
def test_a_code_stays_while_it_is_near_enough(kind):
    """What changes by less than a step does not flicker; an error is never larger than a step."""
    part = Part(name="x", shape=(4,), kind=kind, bits=6)
    step = 1 / 63

    def encoded(value, before=b""):
        return encode(part, np.array([0, value * step, 0.5, 1], np.float32), before)

    first = encoded(10.4)
    assert encoded(10.95, first) == first != encoded(10.95)
    assert encoded(9.05, first) == first
    for far in (11.05, 8.95, 30.0):
        assert encoded(far, first) == encoded(far), "the nearest one"
    wider = np.array([0, 10.6 * step, 0.5, 2], np.float32)
    assert encode(part, wider, first) == encode(part, wider) or kind == "fixed"


def test_parts_do_not_depend_on_the_other_parts_of_a_frame():
    """They are computed together, but large histograms one by one."""
    kinds = ["ranged", "histogram", "float16", "ranged", "fixed", "histogram", "float16", "fixed", "ranged"]
    parts = [Part(name=str(place), shape=(3 + place,), kind=kind) for place, kind in enumerate(kinds)]
    parts.append(Part(name="rows", shape=(3, 5), kind="ranged", ranges=3))
    for size, seed in ((40, 0), (70_000, 1)):
        random = np.random.default_rng(seed)
        together, alone_before = b"", [b""] * len(parts)
        for _ in range(4):
            arrays = {
                part.name: random.normal(size=size if part.kind == "histogram" else part.shape).round(1)
                for part in parts
            }
            together = FrameEncoder(parts).encode(0, arrays, together)
            each = zip(parts, alone_before, strict=True)
            alone_before = [encode(part, arrays[part.name], before) for part, before in each]
            assert together[LOSS.size :] == b"".join(alone_before)


def test_values_that_are_not_finite():
    strange = np.array([np.nan, np.inf, -np.inf, 1e39, 5], np.float64)
    for kind in ("fixed", "ranged", "float16"):
        part = Part(name="x", shape=(5,), kind=kind)
        with np.errstate(over="ignore"):
            decoded = part.decode(encode(part, strange))
        assert np.isfinite(decoded).all()
        assert decoded[1] == decoded[3] == decoded.max() > decoded[2]
    histogram = Part(name="x", shape=(8,), kind="histogram")
    with np.errstate(over="ignore"):
        assert histogram.decode(encode(histogram, strange)).sum() == pytest.approx(1, abs=0.05)
    for kind, tiny in (("ranged", 1e-45), ("ranged", 1e-30), ("histogram", 1e-45)):
        part = Part(name="x", shape=(2,), kind=kind)
        decoded = part.decode(encode(part, np.array([1, 3]) * tiny))
        assert decoded.tolist() == pytest.approx([tiny, 3 * tiny], abs=1e-35, rel=0.02) or kind == "histogram"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "pickle"}, {"shape": ()}, {"shape": (0,)}, {"shape": (2**11, 2**11)}, {"bits": 9}, {"bits": -1},
        {"name": ""}, {"ranges": 2}, {"low": 1.0}, {"high": float("inf")}, {"low": float("nan")},
        {"shape": (2, 2), "kind": "histogram"}, {"kind": "histogram", "ranges": 3},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_parts(wrong):
    with pytest.raises(ValueError, match="expected"):
        Part(**{"name": "x", "shape": (3,), "kind": "fixed", **wrong})


def test_wrong_frames_are_refused():
    made = reel(2)
    with pytest.raises(ValueError, match="expected a number above 7, found 7"):
        made.add(7, 0.0, arrays(0))
    with pytest.raises(ValueError, match=r"part 'grid': expected the shape \(2, 8, 8\), found \(1, 8, 8\)"):
        made.add(8, 0.0, arrays(0) | {"grid": np.zeros((1, 8, 8))})
    with pytest.raises(ValueError, match="different names"):
        Reel({}, [PARTS[0], PARTS[0]])


def test_parts_that_do_not_fit_are_left_out():
    large = [Part(name=f"{place}", shape=(100_000,), kind="fixed") for place in range(4)]
    small = Part(name="small", shape=(5,), kind="fixed")
    chosen = fitting([*large, small])
    assert [part.name for part in chosen] == ["0", "1", "small"]
    assert raw_bytes(chosen) <= MAX_RAW_FRAME_BYTES
    with pytest.raises(ValueError, match="at most"):
        Reel({}, large)


def made(records=b"", **changes):
    """A film with a changed header."""
    content = json.loads(head(HEADER, PARTS)[12:]) | changes
    text = json.dumps(content).encode()
    return b"QMLFILM\x01" + len(text).to_bytes(4, "little") + text + records


def described(**changes):
    return [{"name": "x", "shape": [4], "kind": "fixed", "bits": 6, "low": 0, "high": 1} | changes]


NESTED = b"[" * 100_000
CONTENT = CONTENTS[0][1]
BODY = alone(CONTENT)
WRONG = {
    "empty": (b"", "magic"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), "magic"),
    "another version": (b"QMLFILM\x02" + FILM[8:], "magic"),
    "no length": (FILM[:10], "header"),
    "a huge length": (FILM[:8] + b"\xff" * 4 + FILM[12:], "header"),
    "no JSON": (FILM[:12] + b"x" + FILM[13:], "header"),
    "nested": (FILM[:8] + len(NESTED).to_bytes(4, "little") + NESTED, "header"),
    "no object": (FILM[:8] + b"\x02\0\0\0[]", "header"),
    "NaN": (FILM[:8] + b"\x0b\0\0\0" + b'{"low":NaN}', "header"),
    "no parts": (made(parts=None), "header/parts"),
    "many parts": (made(parts=described() * 2000), "header/parts"),
    "a name twice": (made(parts=described() * 2), "header/parts"),
    "a part is no object": (made(parts=[3]), "header/parts/0"),
    "another kind": (made(parts=described(kind="pickle")), "header/parts/0"),
    "a huge shape": (made(parts=described(shape=[2**40, 2**40])), "header/parts/0"),
    "a negative shape": (made(parts=described(shape=[-4])), "header/parts/0"),
    "a shape of bools": (made(parts=described(shape=[True])), "header/parts/0"),
    "infinite": (made(parts=described(high=10**400)), "header/parts/0"),
    "ranges of a histogram": (made(parts=described(kind="histogram", ranges=4)), "header/parts/0"),
    "a large frame": (made(parts=described(shape=[2**19])), "header/parts"),
    "labels": (made(labels="yes"), "header/labels"),
    "a label": (made(labels=["yes", 1]), "header/labels"),
    "epochs": (made(epochs=1.5), "header/epochs"),
    "half a record": (FILM + b"\0\0\0", f"byte {len(FILM)}"),
    "a huge body": (FILM + b"\xff" * 8, "frame 4294967295"),
    "numbers fall": (made(records=record(5, BODY) + record(5, BODY)), "frame 5"),
    "differences to nothing": (made(records=record(0, deflate(b"\x01" + CONTENT, 1))), "frame 0"),
    "a bomb": (made(records=record(0, deflate(bytes(50_000_000), 9))), "frame 0"),
    "bytes after the end": (made(records=record(0, BODY + b"x")), "frame 0"),
    "zlib's header": (made(records=record(0, zlib.compress(b"\0" + CONTENT))), "frame 0"),
    "many frames": (made(records=b"".join(record(n, BODY) for n in range(241))), "frame 240"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "place"), WRONG.values(), ids=WRONG)
def test_other_bytes_are_refused(content, place):
    tracemalloc.start()
    with pytest.raises(FilmError, match=", found ") as caught:
        Film.read(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.place == place
    assert str(caught.value).startswith(f"{place}: expected ")
    assert len(str(caught.value)) < 400
    assert peak < 12e6 + len(content)


def test_damaged_films_are_refused_or_read():
    """Any bytes: a `FilmError`, or a film whose arrays can be computed."""
    random = np.random.default_rng(rounds.choose(few=1, full=2))
    for _ in range(rounds.choose(few=150, full=5000)):
        content = bytearray(FILM)
        for _ in range(random.integers(1, 4)):
            place = random.integers(0, len(content)) if random.random() < 0.7 else random.integers(0, 400)
            content[place] = random.integers(0, 256)
        try:
            film = Film.read(bytes(content[: random.integers(0, len(content) + 200)]))
        except FilmError as error:
            assert len(str(error)) < 600
            continue
        for frame in film.frames:
            for name in frame.parts:
                frame.parts[name], frame.parts.ranges(name)


def test_a_film_stays_below_its_size():
    random = np.random.default_rng(3)
    part = Part(name="noise", shape=(30_000,), kind="fixed", bits=8)
    film = Reel({}, [part])
    for number in range(100):
        if film.wants_next():
            film.add(number, 0.5, {"noise": random.random(30_000, np.float32)})
        assert film.size_bytes <= MAX_FILM_BYTES
    assert film.numbers == tuple(range(0, 100, 4))
    assert len(film.to_bytes()) == film.size_bytes


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")
def test_the_reader_in_the_documentation_reads_the_same():
    page = (Path(__file__).parents[3] / "docs/explanation/film.md").read_text(encoding="utf-8")
    (reader,) = re.findall(r"```javascript\n(.*?)```", page, re.DOTALL)
    frames = run_in_node(reader, FILM)
    for ours, theirs in zip(Film.read(FILM).frames, frames, strict=True):
        assert (ours.number, ours.loss) == (theirs["number"], theirs["loss"])
        for name, values in ours.parts.items():
            assert np.array_equal(values.ravel(), np.array(theirs["parts"][name], np.float32))


def run_in_node(reader, film):
    script = """
    readFilm(new Uint8Array(require("fs").readFileSync(0)).buffer).then(({ frames }) => {
      for (const frame of frames) for (const name in frame.parts) frame.parts[name] = [...frame.parts[name]];
      console.log(JSON.stringify(frames));
    });"""
    command = ["node", "--eval", reader + script]
    return json.loads(subprocess.run(command, input=film, capture_output=True, check=True, timeout=60).stdout)
