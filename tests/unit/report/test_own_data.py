"""Reports quote nothing of own data, of any kind, unless the document asks for it."""

import numpy as np
import pytest

import recordings
from array_files import npz
from pictures import fruit, written
from quickml.arrays import LocalArrays
from quickml.document import understand
from quickml.model import Probe, TrainedModel
from quickml.pictures.catalog import LocalPictures
from quickml.recordings import LocalRecordings
from quickml.report import player
from quickml.report.record import record, write
from quickml.tables import LocalTables
from quickml.training.film.scene import scene

MARKER = "XYZZY"
TRUE = 7_654_321.5
"""A value that is nowhere but in the data."""
WALK = ["walk", "run"]
IGNORED = {"note": "ignore"}


def numbers(count=60):
    return [TRUE - 1000.25 * row for row in range(count)]


def table(folder):
    rows = [
        f"{row},{row * 7 % 13},{MARKER} {row},{value}" if row % 9 else f",1,{MARKER},{value}"
        for row, value in enumerate(numbers())
    ]
    (folder / f"{MARKER}.csv").write_text("a,b,note,price\n" + "\n".join(rows) + "\n")
    return LocalTables(folder), {
        "name": "table",
        "file": f"{MARKER}.csv",
        "target": "price",
        "columns": IGNORED,
    }


def classes(folder):
    rows = [f"{TRUE + row},{row % 7},{MARKER} {row},{WALK[row % 2]}" for row in range(60)]
    (folder / f"{MARKER}.csv").write_text("a,b,note,kind\n" + "\n".join(rows) + "\n")
    return LocalTables(folder), {
        "name": "table",
        "file": f"{MARKER}.csv",
        "target": "kind",
        "columns": IGNORED,
    }


def several(folder):
    rows = [f"{row * 7 % 13 / 4},{value},{value / 2}" for row, value in enumerate(numbers())]
    (folder / f"{MARKER}.csv").write_text("a,price,rent\n" + "\n".join(rows) + "\n")
    return LocalTables(folder), {"name": "table", "file": f"{MARKER}.csv", "target": ["price", "rent"]}


def arrays(folder):
    npz(folder / f"{MARKER}.npz", x=np.arange(120.0).reshape(60, 2), y=np.array(numbers()))
    return LocalArrays(folder), {"name": "arrays", "file": f"{MARKER}.npz", "kind": "features"}


def moves(folder):
    recordings.folder(folder / MARKER, each=2, rows=120)
    (folder / MARKER / "walk" / f"{MARKER}.txt").write_text("x")
    return LocalRecordings(folder), {"name": "recordings", "file": MARKER, "steps": 20}


def shapes(folder):
    written(folder / MARKER, {**fruit(), f"Kiwi/{MARKER}.txt": b"x"})
    return LocalPictures(folder, cache=folder / "cache"), {"name": "pictures", "file": MARKER}


KINDS = {
    "table": table,
    "classes": classes,
    "several": several,
    "arrays": arrays,
    "moves": moves,
    "shapes": shapes,
}


def written_report(folder, kind, **options):
    files, dataset = KINDS[kind](folder)
    outputs = {"table": 1, "arrays": 1, "several": 2, "classes": 2, "moves": 3, "shapes": 2}[kind]
    end = {
        "type": "Dense",
        "units": outputs,
        **({"activation": "softmax"} if kind in ("classes", "moves", "shapes") else {}),
    }
    start = [{"type": "Flatten"}] if kind in ("moves", "shapes") else []
    document = {"name": "own", "dataset": {**dataset, **options}, "model": {"layers": [*start, end]}}
    plan = understand(document, files)
    data = files.load(plan.document.dataset)
    answers = np.zeros((len(data.y_test), outputs), np.float32)
    answers[:, -1] = 1
    trained = TrainedModel(
        plan=plan,
        weights={},
        history=(),
        stopped=None,
        precision="float32",
        metrics={},
        predictions=answers,
        confusion=None,
        probe=Probe(
            inputs=data.x_test, expected=answers, truth=data.y_test, held_out=1, columns=plan.info.columns
        ),
        train_samples=1,
        validation_samples=0,
        seconds={},
    )
    report = record(
        trained, data, parity=(), compression=(), flips=(), variants=(), files=(), skipped={}, seconds={}
    )
    write(report, trained, data, folder)
    texts = [(folder / name).read_text(encoding="utf-8") for name in ("report.json", "report.html")]
    return plan, data, report, texts


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_data_is_in_a_report(kind, tmp_path):
    plan, data, report, texts = written_report(tmp_path, kind)
    assert any(notice.pointer.startswith("/dataset") for notice in plan.notices)
    assert report["warnings"] == []
    assert report["scatter"] is None
    exact = [
        f"{value:.10g}" for value in np.concatenate([data.y_train, data.y_test]).reshape(-1) if value > 9
    ]
    for text in texts:
        for private in (MARKER, str(plan.document.dataset.sha256), "base64,", *exact):
            assert private not in text, private
        assert all(label in text for label in plan.info.labels)
        if kind == "classes":
            assert str(int(TRUE))[:4] not in text


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_shows_what_the_document_asks_for(kind, tmp_path):
    plan, data, report, texts = written_report(tmp_path, kind, in_report=True)
    assert MARKER in texts[1]
    assert len(report["warnings"]) == len(plan.notices)
    if not plan.info.labels:
        shown = report["scatter"] or [pair for one in report["targets"] for pair in one["scatter"]]
        assert {true for true, _ in shown} >= {float(value) for value in data.y_test.reshape(-1)}
    if kind == "shapes":
        assert "base64," in texts[1]


@pytest.mark.parametrize("kind", ["table", "several", "arrays"])
def test_a_regression_says_how_good_it_is_without_true_values(kind, tmp_path):
    _, _, report, (_, page) = written_report(tmp_path, kind)
    assert report["baseline"]["value"] > 0
    assert "would be off by" in page


@pytest.mark.parametrize("is_shown", [False, True])
def test_the_player_has_no_rows_and_the_plane_no_exact_ends(is_shown, tmp_path):
    plan, data, *_ = written_report(tmp_path, "arrays", in_report=is_shown)
    drawn = player.Samples(plan=plan, data=data).described(0)
    assert ("values" in drawn) == is_shown
    looked_at = scene(plan, data)
    assert looked_at.plane is not None
    (left, right), _ = looked_at.plane
    assert left <= 0 - 0.1 * 118
    assert right >= 118 * 1.1
    assert ((left, right) == pytest.approx((-11.8, 129.8))) == is_shown
