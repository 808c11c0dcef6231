"""Pictures with several labels: a list whose cells have them, with a sign between."""

import csv

import numpy as np
import pytest

from commands import quickml
from pictures import photo, saved, written
from quickml.datasets.check import check
from quickml.document import understand
from quickml.errors import DocumentError
from quickml.pictures import LocalPictures
from quickml.pictures.packing import packed
from quickml.pictures.profile import profile

TAGS = ("cat;dog", "cat", " dog ; cat", "", "dog", "bird;cat;cat", "bird", "")


def listed(folder, tags=TAGS, count=24):
    """A list of pictures in a folder; returns its path."""
    written(folder / "photos", {f"{number}.png": saved(photo(number)) for number in range(count)})
    with (folder / "list.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["path", "target"])
        writer.writerows([f"photos/{number}.png", tags[number % len(tags)]] for number in range(count))
    return folder / "list.csv"


def doc(**options):
    dataset = {"name": "pictures", "file": "list.csv", "separator": ";", **options}
    layers = [{"type": "Flatten"}, {"type": "Dense", "units": 3, "activation": "sigmoid"}]
    return {"name": "pets", "dataset": dataset, "model": {"layers": layers}}


def local(folder):
    return LocalPictures(folder, cache=folder / "cache")


def refusal(folder, **options):
    with pytest.raises(DocumentError) as caught:
        understand(doc(**options), local(folder))
    return str(caught.value.problems[0])


def test_each_label_is_an_output_and_a_picture_may_have_none(tmp_path):
    listed(tmp_path)
    plan = understand(doc(), local(tmp_path))
    info = plan.info
    assert (info.task, info.labels, info.target_names) == ("multi_label", (), ("bird", "cat", "dog"))
    told = [notice.message for notice in plan.notices]
    assert "3 labels: bird (6), cat (12), dog (9)" in told
    assert "pictures that have none of the labels: 6" in told
    data = local(tmp_path).load(plan.document.dataset)
    check(info, data)
    y = np.concatenate([data.y_train, data.y_test])
    assert (y.dtype, y.shape, y.sum(axis=0).tolist()) == (np.float32, (24, 3), [6, 12, 9])
    again = understand(doc(labels=["dog", "cat", "bird"]), local(tmp_path))
    assert again.info.target_names == ("dog", "cat", "bird")
    other = local(tmp_path).load(again.document.dataset)
    assert np.array_equal(other.y_train[:, ::-1], data.y_train)
    pinned = plan.document.model_dump(mode="json", exclude_none=True)
    assert understand(pinned, local(tmp_path)).notices == ()


def test_the_profile_proposes_a_document_that_understands_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = listed(tmp_path)
    found = profile(path, "list.csv", options={"separator": ";"})
    assert found.classes == (("bird", 6), ("cat", 12), ("dog", 9))
    assert found.document["dataset"]["separator"] == ";"
    assert found.document["model"]["layers"][-1] == {"type": "Dense", "units": 3, "activation": "sigmoid"}
    assert understand(found.document, local(tmp_path)).info.is_multi_label
    shown = quickml("data", "list.csv", "--separator", ";", cwd=tmp_path)
    assert "24 pictures, 3 labels" in shown.stdout
    made = quickml("init", "list.csv", "--separator", ";", cwd=tmp_path)
    assert "learns 3 labels from 24 pictures" in made.stdout


def test_a_list_with_several_labels_is_packed_and_learned_from_alike(tmp_path):
    path = listed(tmp_path)
    with packed(path, "list.csv", None, lambda *_: None, ";") as archive:
        (tmp_path / "sent.zip").write_bytes(archive.read_bytes())
    (here, there) = (understand(doc(file=file), local(tmp_path)).info for file in ("list.csv", "sent.zip"))
    assert here == there


@pytest.mark.parametrize(
    ("tags", "options", "expected"),
    [
        (TAGS, {"separator": None}, 'complete it; or write "separator"'),
        (("cat", "dog"), {}, "';' between the labels of pictures"),
        (("cat;dog", "cat"), {}, "pictures without each label, too"),
        (("cat;dog", "Cat", "dog"), {}, "case or blanks"),
        (TAGS, {"labels": ["cat", "dog"]}, "the labels of the pictures"),
        (("cat;dog", "cat", "dog", "dog", *["cat"] * 20), {"separator": None}, 'write "separator": ";"'),
    ],
)
def test_what_is_refused(tmp_path, tags, options, expected):
    listed(tmp_path, tags)
    assert expected in refusal(tmp_path, **options)


def test_folders_have_one_class_each(tmp_path):
    contents = {f"{label}/{n}.png": saved(photo(n + 9 * (label == "b"))) for label in "ab" for n in range(3)}
    written(tmp_path / "all", contents)
    assert "a list of pictures with their labels" in refusal(tmp_path, file="all")


def test_a_picture_is_in_one_row(tmp_path):
    path = listed(tmp_path)
    path.write_text(path.read_text() + "photos/0.png,bird\n")
    assert "write several labels in one cell" in refusal(tmp_path)
