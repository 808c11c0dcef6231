"""`quickml film`, on films that are written here."""

import json

import numpy as np
import pytest
from PIL import Image

import commands
from quickml.document import understand
from quickml.film import Part, Reel

SPEC = {
    "name": "moons", "dataset": "moons",
    "model": {"layers": [{"type": "Dense", "units": 4, "activation": "relu"}, {"type": "Dense", "units": 2, "activation": "softmax"}]},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    result = tmp_path / "result"
    result.mkdir()
    parts = [
        Part(name="grid", shape=(1, 64, 64), kind="fixed"),
        Part(name="unit/dense", shape=(4, 16, 16), kind="ranged"),
    ]
    header = {
        "labels": ["upper", "lower"],
        "epochs": 2,
        "steps_per_epoch": 5,
        "grid": {"x": [-2, 3], "y": [-2, 2]},
    }
    reel = Reel(header, parts)
    for number in range(11):
        reel.add(number, 1 / (1 + number), {part.name: np.full(part.shape, number / 10) for part in parts})
    (result / "film.bin").write_bytes(reel.to_bytes())
    return result


def test_a_film_becomes_a_gif(folder):
    done = commands.quickml("film", folder, "--seconds", 2, "--size", 300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{folder / 'film.gif'}  11 of 11 frames, ")
    with Image.open(folder / "film.gif") as gif:
        assert (gif.format, gif.n_frames, gif.width) == ("GIF", 11, 300)
    assert not list(folder.glob(".*"))


def test_samples_of_the_dataset_are_drawn(folder, tmp_path):
    commands.quickml("film", folder, "--strip", 2, "--out", tmp_path / "without.png")
    plan = understand(SPEC)
    (folder / "spec.json").write_text(plan.document.model_dump_json(exclude_none=True))
    done = commands.quickml(
        "film", folder / "film.bin", "--strip", 2, "--out", tmp_path / "with.png", "--json"
    )
    told = json.loads(done.stdout)
    assert told["frames"] == 2
    assert told["size_bytes"] == (tmp_path / "with.png").stat().st_size
    with Image.open(tmp_path / "with.png") as first, Image.open(tmp_path / "without.png") as second:
        changed = (np.asarray(first) != np.asarray(second)).any(-1)
    assert changed.mean() > 0.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "nothing: expected the film of a training, found none (no such file or directory)"),
        ([".."], "film.bin: expected the film of a training, found none"),
        (["damaged"], "damaged: magic: expected a film"),
        (["empty"], "empty: expected a film with frames, found none in it"),
        ([".", "--out", "a.mp4"], "--out: expected a .gif file, found 'a.mp4'; name it FILE.gif"),
        ([".", "--out", "a.png"], "--out: expected a .gif file, found 'a.png'; give --strip N for a .png"),
        ([".", "--strip", "3", "--out", "a.gif"], "--out: expected a .png file, found 'a.gif'; name it FILE.png"),
        ([".", "--out", "taken.gif"], "taken.gif: expected a new file, found one; remove it, or name another with --out"),
        ([".", "--out", "no/a.gif"], "no: expected a folder for the file, found none"),
        ([".", "--part", "unit/dens"], "--part: expected one of grid, unit/dense, found 'unit/dens'"),
        ([".", "--size", "9000"], "--size"),
    ],
)  # fmt: skip
def test_wrong_input(folder, arguments, message):
    (folder / "damaged").write_bytes(b"GIF89a" + bytes(100))
    (folder / "empty").write_bytes(Reel({}, []).to_bytes())
    (folder / "taken.gif").write_bytes(b"mine")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = commands.quickml("film", *arguments, cwd=folder)
    assert done.returncode == 2
    assert message in done.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_film_in_place_of_a_command(folder):
    done = commands.quickml("film.bin", cwd=folder)
    assert (done.returncode, "try `quickml film film.bin`" in done.stderr) == (2, True)
