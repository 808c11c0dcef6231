import io

import numpy as np
import pytest
from PIL import Image

from quickml.animation import Animation, Backdrop
from quickml.animation.canvas import Canvas, font
from quickml.animation.colors import BLUE, CLASSES, ORANGE, ramp
from quickml.animation.letters import latin
from quickml.animation.panels import section
from quickml.film import Film, Part, Reel

SQUARE = (26, 70, 326, 370)
"""Of the answers, in pixels."""


def film(parts, values, *, count=30, **header):
    reel = Reel({"epochs": 3, "steps_per_epoch": 10, **header}, parts)
    for number in range(count):
        arrays = {part.name: values(part, number / (count - 1)) for part in parts}
        reel.add(number, 2.0 - number / count, arrays)
    return Film.read(reel.to_bytes())


def plane(outputs=1):
    parts = [
        Part(name="grid", shape=(outputs, 64, 64), kind="fixed"),
        Part(name="unit/dense", shape=(6, 16, 16), kind="ranged"),
        Part(name="histogram/dense/kernel", shape=(32,), kind="histogram"),
    ]

    def values(part, share):
        if part.name != "grid":
            return np.random.default_rng(3).normal(size=part.shape) * (share + 0.1)
        values = np.zeros(part.shape)
        values[-1, : int(64 * share)] = 1  # the lower part of the plane
        values[0] += (outputs > 1) * (1 - values[-1])
        return values

    return film(parts, values, labels=["yes", "no", "perhaps"][: max(2, outputs)])


def near(color, expected):
    return np.abs(np.array(color[:3], int) - expected).max() <= 3


@pytest.mark.parametrize(("outputs", "low", "high"), [(1, ORANGE, BLUE), (3, CLASSES[0], CLASSES[2])])
def test_the_plane_has_the_colours_of_the_answers(outputs, low, high):
    shown = plane(outputs)
    picture = Animation(shown).picture(shown.frames[15])
    assert picture.size == (720, 478)
    left, top, right, bottom = SQUARE
    assert near(picture.getpixel((left + 20, top + 20)), low)
    assert near(picture.getpixel((right - 20, bottom - 20)), high)
    border = next(y for y in range(bottom - 2, top, -1) if near(picture.getpixel((left + 9, y)), low))
    assert (bottom - border) / 300 == pytest.approx(15 / 29, abs=0.04)


def test_a_gif_plays_the_whole_film():
    stream = io.BytesIO()
    assert Animation(plane(), width=360).write_gif(stream, seconds=3) == 24
    with Image.open(stream) as gif:
        assert gif.size == (360, 239)
        assert gif.n_frames == 24
        assert gif.info["loop"] == 0
        durations, colors = [], []
        for frame in range(gif.n_frames):
            gif.seek(frame)
            durations.append(gif.info["duration"])
            colors.append(gif.convert("RGB").getpixel((20, 180)))
    assert sum(durations[:-1]) == pytest.approx(3000, rel=0.1)
    assert durations[-1] == 2000
    assert near(colors[0], ORANGE) and near(colors[-1], BLUE)


def test_units_are_interpolated_before_they_are_coloured():
    """So there is no mixture of orange and blue between them, but the colours of the values between."""
    shown = film([Part(name="unit/dense", shape=(1, 2, 2), kind="ranged")], lambda *_: [[[-1.0, 1.0]] * 2])
    (frame, *_), canvas = shown.frames, Canvas(120, 120, 1)
    section("unit/dense", [frame]).draw(canvas, frame, (0, 0, 120, 120), 60)
    row = [canvas.image.getpixel((x, 17 + 30)) for x in range(60)]
    assert near(row[0], ORANGE) and near(row[59], BLUE)
    assert set(row) <= set(map(tuple, ramp(np.linspace(-1, 1, 25)).tolist()))
    assert len(set(row)) > 10


def test_a_strip_shows_moments():
    stream = io.BytesIO()
    assert Animation(plane()).write_strip(stream, count=5) == 5
    with Image.open(stream) as strip:
        assert strip.format == "PNG"
        assert strip.size == (26 * 2 + 5 * 150 + 4 * 14, 232)
        assert near(strip.getpixel((26 + 75, 160)), ORANGE)
        assert near(strip.getpixel((26 + 4 * 164 + 75, 160)), BLUE)


def test_samples_are_drawn_in_the_plane():
    shown = plane()
    points = np.array([[0.5, 0.25], [0.1, 0.1]], np.float32)
    with_points = Animation(shown, backdrop=Backdrop(points=points, targets=np.array([1, 0])))
    picture, without = with_points.picture(shown.frames[0]), Animation(shown).picture(shown.frames[0])
    changed = np.asarray(picture) != np.asarray(without)
    rows, columns = np.nonzero(changed.any(-1))
    left, top, *_ = SQUARE
    assert {(round((x - left) / 30), round((y - top) / 30)) for x, y in zip(columns, rows, strict=True)} <= {
        (5, 2), (5, 3), (1, 1)
    }  # fmt: skip
    assert picture.getpixel((left + 150, top + 75))[2] > picture.getpixel((left + 30, top + 30))[2]


def test_the_header_says_where_in_the_training():
    shown = plane()
    animation = Animation(shown)
    assert animation.moment(shown.frames[0]) == ("epoch 0", "of 3, step 0")
    assert animation.moment(shown.frames[20]) == ("epoch 2", "of 3, step 20")
    assert animation.moment(shown.frames[25]) == ("epoch 3", "of 3, step 25")
    reel = Reel({"steps_per_epoch": 10, "epochs": 3}, [Part(name="probes", shape=(4, 3), kind="fixed")])
    for number in (0, 10, 20, 21):
        reel.add(number, 1.0, {"probes": np.zeros((4, 3))})
    other = Film.read(reel.to_bytes())
    assert Animation(other).moment(other.frames[-1])[0] == "epoch 3"
    reel.note(restored=21)
    restored = Film.read(reel.to_bytes())
    assert Animation(restored).moment(restored.frames[-1])[0] == "best weights"


SHAPES = [
    (1,),
    (70,),
    (1, 1),
    (40, 3),
    (3, 40),
    (64, 16),
    (5, 14, 14),
    (300, 2, 9),
    (2, 3, 4, 5),
    (1, 2, 1, 2, 30),
]
NAMES = [
    "grid",
    "probes",
    "unit/a",
    "filters/a/kernel",
    "activation/a",
    "weights/a/kernel",
    "other",
    "histogram/a",
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(6))
def test_any_film_can_be_drawn(seed):
    """Names, shapes and values of parts come from files that others may have written."""
    random = np.random.default_rng(seed)
    parts = []
    for name in random.permutation(NAMES)[: random.integers(1, len(NAMES) + 1)]:
        shape = SHAPES[random.integers(len(SHAPES))]
        is_histogram = name.startswith("histogram")
        kind = "histogram" if is_histogram else random.choice(["fixed", "ranged", "float16"])
        parts.append(Part(name=str(name), shape=(32,) if is_histogram else shape, kind=str(kind)))
    size = [0.0, 1.0, 1e37, np.nan, 1e-40, 5.0][seed]
    header = [
        {},
        {"labels": []},
        {"labels": ["a"] * 300},
        {"steps_per_epoch": -4},
        {"epochs": 0},
        {"labels": ["\x1b", "花"]},
    ][seed]
    shown = (
        film(parts, lambda part, share: random.normal(size=part.shape) * size, count=1 + seed, **header)
        if seed
        else film(parts, lambda part, share: np.zeros(part.shape), count=2)
    )
    for wanted in ((), (parts[0].name,)):
        animation = Animation(shown, width=240, parts=wanted)
        assert animation.write_gif(io.BytesIO(), seconds=1) == len(shown.frames)
        animation.write_strip(io.BytesIO(), count=3)


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("cat", "cat"),
        ("Käfer", "Kafer"),
        ("Straße", "Strasse"),
        ("Łódź", "Lodz"),
        ("猫", None),
        ("😀 a", None),
    ],
)
def test_labels_are_written_in_the_letters_of_the_font(label, shown):
    assert latin(label) == shown
    mixed = film(
        [Part(name="probes", shape=(4, 2), kind="fixed")],
        lambda part, _: np.zeros(part.shape),
        labels=[label, "b"],
    )
    drawn = Animation(mixed)
    assert drawn.numbered == (() if shown else (label,))
    expected = film(
        [Part(name="probes", shape=(4, 2), kind="fixed")],
        lambda part, _: np.zeros(part.shape),
        labels=[shown or "0", "b"],
    )
    assert drawn.picture(mixed.frames[0]) == Animation(expected).picture(expected.frames[0])


def test_the_font_has_all_characters_of_ascii():
    drawn = [bytes(font(40).getmask(chr(code))) for code in range(33, 127)]
    assert (
        bytes(font(40).getmask("猫")) not in drawn
    )  # what is drawn for a character that the font does not have
