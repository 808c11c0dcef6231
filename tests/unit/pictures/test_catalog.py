"""Pictures in documents: what is found out, told and written out, divided, kept, and refused."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest

import pictures
import rounds
from pictures import fruit, photo, prepared, saved, written, zipped
from quickml.datasets import REGISTERED, PicturesReference
from quickml.datasets.check import check
from quickml.datasets.registry import find
from quickml.document import Plan, understand
from quickml.errors import DatasetError, DocumentError, QuickMLError
from quickml.files.lock import Lock
from quickml.pictures import LocalPictures, cache
from quickml.tables import LocalTables


@pytest.fixture
def folder(tmp_path):
    written(tmp_path / "fruit", fruit())
    return tmp_path


def local(folder):
    return LocalPictures(folder, LocalTables(folder), cache=folder / "cache")


def doc(**options):
    layers = [{"type": "Flatten"}, {"type": "Dense", "units": 2, "activation": "softmax"}]
    return {
        "name": "fruit",
        "dataset": {"name": "pictures", "file": "fruit", **options},
        "model": {"layers": layers},
    }


def told(folder, **options):
    with pytest.raises(DocumentError) as caught:
        understand(doc(**options), local(folder))
    return [str(problem) for problem in caught.value.problems]


def test_what_is_left_out_is_found_out_told_and_written_out(folder):
    plan = understand(doc(), local(folder))
    assert (plan.info.shape, plan.info.labels, plan.info.sizes) == ((20, 24, 3), ("Apple", "Kiwi"), (9, 3))
    assert [(notice.pointer, notice.message) for notice in plan.notices] == [
        ("/dataset/labels", "2 classes: Apple (6), Kiwi (6)"),
        ("/dataset/file", "fewer than 10 pictures each of Apple (6), Kiwi (6)"),
        ("/dataset/size", "pictures are brought to 20 x 24 pixels; more show more, and take longer"),
        ("/dataset/channels", "pictures have colours"),
        ("/dataset/test_fraction", "3 of 12 pictures are held out for the test"),
    ]
    document = json.loads(plan.document.model_dump_json(exclude_none=True))
    assert document["dataset"].pop("sha256")
    assert document["dataset"] == {
        "name": "pictures", "file": "fruit", "size": [20, 24], "channels": 3, "resize": "crop", "damaged": "refuse",
        "labels": ["Apple", "Kiwi"], "test_fraction": 0.2, "in_report": False, "seed": 0,
    }  # fmt: skip
    again = understand(json.loads(plan.document.model_dump_json(exclude_none=True)), local(folder))
    assert (again.info, again.notices) == (plan.info, ())
    assert Plan.from_json(plan.to_json()).info == plan.info


def test_the_arrays_are_mapped_and_whole(folder):
    plan = understand(doc(), local(folder))
    data = local(folder).load(plan.document.dataset)
    assert isinstance(data.x_train.base, np.memmap) or isinstance(data.x_train, np.memmap)
    assert (data.x_train.shape, data.x_train.dtype) == ((9, 20, 24, 3), np.uint8)
    expected = {np.asarray(photo(100 * kind + n)).tobytes(): kind for kind in range(2) for n in range(6)}
    for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        for pixels, target in zip(x, y, strict=True):
            assert expected.pop(pixels.tobytes()) == target
    assert not expected


def test_large_or_different_pictures_get_the_default_size(tmp_path):
    contents = fruit() | {"Apple/large.png": saved(photo(7, (400, 300)))}
    found = prepared(written(tmp_path / "fruit", contents), tmp_path / "cache")
    assert found.info.shape == (96, 96, 3)
    assert "12 pictures" not in str(found.notices)
    assert any(notice.pointer == "/dataset/resize" for notice in found.notices)


def test_grey_pictures_have_one_channel_unless_the_document_says_otherwise(tmp_path):
    contents = {
        f"{kind}/{n}.png": saved(photo(n + 9 * (kind == "a"), mode="L")) for kind in "ab" for n in range(4)
    }
    folder = written(tmp_path / "x", contents)
    assert prepared(folder, tmp_path / "cache").info.shape == (20, 24, 1)
    assert prepared(folder, tmp_path / "cache", channels=3, size=[10, 12]).info.shape == (10, 12, 3)


def test_the_same_pixels_are_on_one_side(tmp_path):
    """Copies of each picture, as other formats: names and bytes differ, pixels do not."""
    contents = fruit(20)
    copies = {
        f"{name}.copy{n}.bmp": saved(photo(int(name.split("/")[1][:-4]) + 100 * (name[0] == "K")), "BMP")
        for name in contents
        for n in range(2)
    }
    for seed in range(5):
        found = prepared(written(tmp_path / "fruit", contents | copies), tmp_path / "cache", seed=seed)
        data = found.data()
        sides = [{pixels.tobytes() for pixels in x} for x in (data.x_train, data.x_test)]
        assert not sides[0] & sides[1]
        assert (len(data.x_train), len(data.x_test)) == (96, 24)
        assert "copies of other pictures, which are all for training or all for the test: 80" in str(
            found.notices
        )


def test_a_picture_in_two_classes_is_told(tmp_path):
    contents = fruit() | {"Kiwi/apple.png": fruit()["Apple/0.png"]}
    found = prepared(written(tmp_path / "fruit", contents), tmp_path / "cache")
    assert "of these, copies in another class: 1" in [notice.message for notice in found.notices]


def test_each_class_is_in_the_test_with_its_share(tmp_path):
    labels = [f"class {n}" for n in range(5)]
    data = prepared(written(tmp_path / "x", fruit(10, labels)), tmp_path / "cache", test_fraction=0.3).data()
    assert np.bincount(data.y_test).tolist() == [3] * 5


@pytest.mark.parametrize("top", ["", "data/"])
@pytest.mark.parametrize(("train", "test"), [("train", "test"), ("Training", "Testing"), ("train", "valid")])
def test_a_test_folder_is_used(top, train, test, tmp_path):
    contents = {f"{top}{train}/{name}": content for name, content in fruit(5).items()}
    contents |= {
        f"{top}{test}/{label}/{n}.png": saved(photo(1000 + n + 10 * (label == "Kiwi")))
        for label in ("Apple", "Kiwi")
        for n in range(2)
    }
    contents[f"{top}{train}/Apple/again.png"] = contents[f"{top}{test}/Apple/0.png"]
    found = prepared(zipped(tmp_path / "x.zip", contents), tmp_path / "cache")
    assert found.info.sizes == (10, 4)
    assert found.reference.test_fraction is None
    messages = [notice.message for notice in found.notices]
    assert f"the pictures in '{test}' are for the test" in messages
    assert "pictures that are in the test, too, which are not learned from: 1" in messages
    with pytest.raises(DocumentError, match="/dataset/test_fraction: expected no fraction"):
        prepared(tmp_path / "x.zip", tmp_path / "cache", test_fraction=0.2)


def test_validation_pictures_beside_a_test_are_never_learned_from(tmp_path):
    contents = {
        f"{part}/{label}/{n}.png": saved(photo(n + 10 * k + 100 * p))
        for p, part in enumerate(("train", "val", "test"))
        for k, label in enumerate("ab")
        for n in range(3)
    }
    contents["train/a/copy.png"] = contents["val/a/0.png"]
    contents["val/b/copy.png"] = contents["test/b/0.png"]
    found = prepared(written(tmp_path / "x", contents), tmp_path / "cache")
    assert found.info.sizes == (12, 6)
    assert found.info.validation == 6
    messages = [notice.message for notice in found.notices]
    assert "the pictures in 'val' are for the validation, and not learned from" in messages
    assert "pictures that are in the test or the validation, too, which are not learned from: 2" in messages
    data = found.data()
    learned, validated = data.x_train[:6], data.x_train[6:]
    known = {picture.tobytes() for picture in validated}
    assert len(known) == 6
    assert not known & {picture.tobytes() for picture in learned}
    assert np.bincount(data.y_train[6:]).tolist() == [3, 3]


def test_folders_beside_training_and_test_are_refused(tmp_path):
    parts = {
        f"{part}/{name}": content for part in ("train", "test", "more") for name, content in fruit(3).items()
    }
    written(tmp_path / "fruit", parts)
    assert "expected no pictures beside 'train' and 'test', found some (fruit: more)" in told(tmp_path)[0]


def test_a_list_of_pictures(tmp_path):
    written(tmp_path / "photos", {f"all/{n}.png": saved(photo(n)) for n in range(10)})
    rows = "".join(f"all\\{n}.png;{'ab'[n % 2]}\n" for n in range(10))
    (tmp_path / "photos" / "list.csv").write_text(f"path;target\n{rows}")
    found = prepared(tmp_path / "photos" / "list.csv", tmp_path / "cache")
    assert (found.info.labels, found.info.sizes) == (("a", "b"), (8, 2))
    sha256 = found.reference.sha256
    (tmp_path / "photos" / "all" / "3.png").write_bytes(saved(photo(33)))
    assert prepared(tmp_path / "photos" / "list.csv", tmp_path / "cache").reference.sha256 != sha256


LISTS = {
    "missing": ("all/99.png,a\n", "expected the path of a picture, found no file there (list.csv, line 12: all/99.png)"),
    "outside": ("../list.csv,a\n", "found one outside of it (list.csv, line 12: ../list.csv)"),
    "absolute": ("/etc/passwd,a\n", "found one outside of it (list.csv, line 12: /etc/passwd)"),
    "no class": ("all/1.png,\n", "expected the class of each picture, found none (list.csv, line 12)"),
    "two classes": ("all/1.png,a\n", "expected one class for a picture, found 'b' and 'a' (list.csv: all/1.png)"),
    "case": ("all/0.png,A\n", "found 'a' and 'A'"),
    "fields": ("all/1.png,a,b\n", "expected 2 fields as in line 1, found 3 (list.csv, line 12)"),
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_a_mistake_in_a_list_has_its_line(name, tmp_path):
    row, message = LISTS[name]
    written(tmp_path, {f"all/{n}.png": saved(photo(n)) for n in range(10)})
    rows = "".join(f"all/{n}.png,{'ab'[n % 2]}\n" for n in range(10))
    (tmp_path / "list.csv").write_text(f"path,target\n{rows}{row}")
    (problem,) = told(tmp_path, file="list.csv")
    assert message in problem


def test_a_list_needs_its_columns(tmp_path):
    (tmp_path / "list.csv").write_text("file,target\na.png,b\n")
    (problem,) = told(tmp_path, file="list.csv")
    assert "expected the columns 'path' and 'target', found file, target (list.csv, line 1)" in problem


NFC, NFD = unicodedata.normalize("NFC", "Äpfel"), unicodedata.normalize("NFD", "Äpfel")
LABELS = {
    "case": (("Kiwi", "kiwi"), "'Kiwi' and 'kiwi'"),
    "blanks": (("a b", "a  b"), "'a  b' and 'a b'"),
    "Unicode form": ((NFC, NFD), r"'A\u0308pfel' and '\xc4pfel'"),
}


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_labels_that_differ_in_their_form_only_are_shown_both(name, kind, tmp_path):
    (labels, both) = LABELS[name]
    contents = fruit(3, labels)
    if kind == "zip":
        zipped(tmp_path / "fruit", contents).rename(tmp_path / "fruit.zip")
    else:
        written(tmp_path / "fruit", contents)
    (problem,) = told(tmp_path, file="fruit" if kind == "folder" else "fruit.zip")
    assert f"found {both} (fruit" in problem.replace("\\\\", "\\")
    assert problem.endswith("; give them the same name")


def test_a_label_is_written_in_one_form(tmp_path):
    assert prepared(written(tmp_path / "x", fruit(3, (NFD, "Kiwi"))), tmp_path / "c").info.labels == (
        "Kiwi",
        NFC,
    )


def test_numbers_are_in_order_and_labels_may_be_reordered(tmp_path):
    folder = written(tmp_path / "fruit", fruit(3, ("10", "9", "0")))
    first = prepared(folder, tmp_path / "cache")
    assert first.info.labels == ("0", "9", "10")
    second = prepared(folder, tmp_path / "cache", labels=["10", "0", "9"])
    assert first.labels == second.labels
    (problem,) = told(tmp_path, labels=["10", "0"])
    assert problem.startswith("/dataset/labels: expected the classes of the pictures")


WRONG = {
    "empty class": ({"Pear/": b""}, "expected pictures in the folder of each class, found none (fruit: Pear)"),
    "class with other files": ({"Pear/notes.txt": b"x"}, "expected pictures in the folder of each class, found none (fruit: Pear)"),
    "one picture": ({"Pear/1.png": saved(photo(77))}, "expected two or more pictures of each class, found one of 'Pear'"),
    "the same picture": (dict.fromkeys(("Pear/1.png", "Pear/2.png"), saved(photo(77))), "expected two or more different pictures of each class, found one of 'Pear'"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_classes_that_cannot_be_learned_are_refused(name, folder):
    contents, message = WRONG[name]
    written(folder / "fruit", contents)
    (problem,) = told(folder)
    assert message in problem


def test_folders_without_classes_are_refused(tmp_path):
    written(tmp_path / "fruit", {f"{n}.png": saved(photo(n)) for n in range(3)})
    assert (
        "expected a folder for each class, found 3 pictures without one (fruit); put the pictures"
        in told(tmp_path)[0]
    )
    written(tmp_path / "one", {f"Apple/{n}.png": saved(photo(n)) for n in range(3)})
    assert "expected two or more classes, found one, 'Apple' (one)" in told(tmp_path, file="one")[0]
    written(tmp_path / "none", {"a/b.txt": b"x"})
    assert "expected pictures, found none in 1 files (none)" in told(tmp_path, file="none")[0]
    assert (
        "expected a folder, a .zip, .tm or .csv file of pictures, found nothing of this name"
        in told(tmp_path, file="x.zip")[0]
    )
    (tmp_path / "x.rar").write_bytes(b"x")
    assert "found a file '.rar' (x.rar)" in told(tmp_path, file="x.rar")[0]


def test_what_is_passed_over_is_told(folder):
    written(
        folder / "fruit",
        {"Apple/notes.txt": b"x", "readme.md": b"x", "lost.png": saved(photo(5)), "Apple/.hidden.png": b"x"},
    )
    messages = [notice.message for notice in understand(doc(), local(folder)).notices]
    assert "files that are no pictures, which are passed over: 2 (.md, .txt)" in messages
    assert "pictures beside the folders of the classes, which are passed over: 1" in messages


def test_a_picture_beside_the_classes_in_a_folder_around_is_passed_over(tmp_path):
    contents = {f"data/fruit/{name}": content for name, content in fruit().items()}
    found = prepared(
        zipped(tmp_path / "x.zip", contents | {"data/fruit/cover.png": saved(photo(5))}), tmp_path / "cache"
    )
    assert (found.info.labels, sum(found.info.sizes)) == (("Apple", "Kiwi"), 12)


def test_links_to_folders_are_refused(folder):
    (folder / "fruit" / "Pear").symlink_to(folder / "fruit" / "Kiwi")
    assert "expected folders and files, found a link to a folder (fruit: Pear)" in told(folder)[0]


def test_a_pinned_source_that_has_changed_is_refused(folder):
    plan = understand(doc(), local(folder))
    sha256 = plan.document.dataset.sha256
    assert understand(doc(sha256=sha256), local(folder)).info == plan.info
    written(folder / "fruit", {"Kiwi/more.png": saved(photo(55))})
    (problem,) = told(folder, sha256=sha256)
    assert problem.startswith(f"/dataset/sha256: expected {sha256[:12]}..., found ")
    with pytest.raises(DatasetError, match="the file is another than the document was written for"):
        local(folder).load(plan.document.dataset)


def test_the_digest_of_a_folder_is_that_of_sha256sum(folder):
    import hashlib

    names = sorted(fruit())
    lines = [f"{hashlib.sha256(fruit()[name]).hexdigest()}  {name}\n" for name in names]
    assert (
        understand(doc(), local(folder)).document.dataset.sha256
        == hashlib.sha256("".join(lines).encode()).hexdigest()
    )


def test_pictures_are_decoded_once(folder, monkeypatch):
    for path in (folder / "fruit").rglob("*"):
        os.utime(path, (1, 1))
    seen = []
    understand(doc(), LocalPictures(folder, cache=folder / "cache", progress=lambda *now: seen.append(now)))
    assert seen[-1] == ("decoded", 12, 12)
    seen.clear()
    monkeypatch.setattr("quickml.pictures.cache._FRESH_NS", 0)
    for _ in range(2):
        understand(
            doc(), LocalPictures(folder, cache=folder / "cache", progress=lambda *now: seen.append(now))
        )
    assert {what for what, *_ in seen} == {"looked at"}
    assert len(seen) == 12  # once more, as the files had just been written


def test_a_damaged_cache_is_written_again(folder):
    first = prepared(folder / "fruit", folder / "cache")
    expected = np.array(first.data().x_train)
    first.pixels.write_bytes(b"damaged")
    second = prepared(folder / "fruit", folder / "cache")
    np.testing.assert_array_equal(second.data().x_train, expected)
    (second.pixels.parent / "about.json").write_text("[")
    np.testing.assert_array_equal(prepared(folder / "fruit", folder / "cache").data().x_train, expected)
    shutil.rmtree(folder / "cache")
    with pytest.raises(DatasetError, match="expected decoded pictures in the cache, found none"):
        second.data()


def test_nothing_is_left_of_an_import_that_fails(folder):
    written(folder / "fruit", {"Kiwi/bad.png": saved(photo(1))[:-60]})
    with pytest.raises(DocumentError):
        prepared(folder / "fruit", folder / "cache")
    assert not [path for path in (folder / "cache").iterdir() if path.is_dir()]


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from pictures import prepared
def progress(what, done, total):
    if (what, done) == ("decoded", 5):
        os.kill(os.getpid(), signal.SIGKILL)
prepared(Path(sys.argv[2]), Path(sys.argv[3]), progress)
"""


def test_an_import_that_was_killed_begins_again_and_leaves_nothing(folder):
    support = str(Path(pictures.__file__).parent)
    command = [sys.executable, "-c", KILLED, support, str(folder / "fruit"), str(folder / "cache")]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    (left,) = (folder / "cache").glob(".*.partial")
    assert (left / "decoded.npy").is_file()
    again = prepared(folder / "fruit", folder / "cache")
    other = prepared(folder / "fruit", folder / "other")
    assert again.pixels.read_bytes() == other.pixels.read_bytes()
    assert not list((folder / "cache").glob(".*"))


def test_what_killed_processes_left_is_removed_but_not_what_is_being_written(folder):
    cache = folder / "cache"
    for name in (".dead.partial", ".alive.partial", ".second-1.partial", ".second-2.partial"):
        (cache / name).mkdir(parents=True)
    os.utime(cache / ".second-1.partial", (1, 1))
    lock = Lock(cache / ".alive.lock")
    assert lock.take()
    prepared(folder / "fruit", cache)
    assert {path.name for path in cache.glob(".*.partial")} == {".alive.partial", ".second-2.partial"}
    lock.release()


def test_two_that_import_the_same_at_once_do_not_disturb_each_other(folder):
    def meanwhile(what, done, total):
        if (what, done) == ("decoded", 3):
            first.append(prepared(folder / "fruit", folder / "cache"))

    first = []
    second = prepared(folder / "fruit", folder / "cache", meanwhile)
    assert first[0].pixels.read_bytes() == second.pixels.read_bytes()
    assert not list((folder / "cache").glob(".*"))


def test_a_picture_that_changes_while_it_is_read_is_refused(folder):
    def change(what, done, total):
        if (what, done) == ("looked at", total):
            (folder / "fruit" / "Kiwi" / "3.png").write_bytes(saved(photo(999)))

    with pytest.raises(DocumentError, match="expected a file that stays as it is"):
        prepared(folder / "fruit", folder / "cache", change)


def test_names_may_be_anything(folder):
    names = ["a\nb.png", "a\\b.png", os.fsdecode(b"\xff.png"), "\u202e.png"]
    written(folder / "fruit", {f"Kiwi/{name}": saved(photo(200 + n)) for n, name in enumerate(names)})
    assert sum(prepared(folder / "fruit", folder / "cache").info.sizes) == 16
    written(folder / "fruit", {f"Kiwi/{name}": b"" for name in names})
    for problem in told(folder):
        assert problem.isprintable()
        problem.encode()
    (folder / "fruit" / os.fsdecode(b"\xffruit")).mkdir()
    written(folder / "fruit" / os.fsdecode(b"\xffruit"), {"1.png": saved(photo(1)), "2.png": saved(photo(2))})
    assert any("expected printable names of classes" in problem for problem in told(folder))


ROOTS = (("",), ("",), ("x/y/",), ("train/", "test/"), ("x/train/", "x/test/", "x/val/"), ("a/b/", "c/", ""))
JUNK = (
    "__MACOSX/a/._1.png",
    "a/._1.png",
    ".hidden/1.png",
    "notes.txt",
    "a/5.heic",
    "B/",
    "a/more/deep/1.png",
    "1.png",
)


@pytest.mark.parametrize("number", range(rounds.choose(few=60, full=2000)))
def test_any_folder_is_described_and_loaded_or_refused(number, tmp_path):
    dice = random.Random(rounds.seed + number)
    roots, variety = dice.choice(ROOTS), dice.choice((9, 40, 400))
    contents = {
        f"{dice.choice(roots)}{dice.choice('abc')}/{n}.png": saved(photo(dice.randrange(variety)))
        for n in range(dice.randrange(4, 60))
    }
    for name in dice.sample(JUNK, dice.choice((0, 0, 1, 3))):
        contents[dice.choice(roots) + name] = saved(photo(dice.randrange(variety)))
    folder = written(tmp_path / "fruit", contents)
    options = {"damaged": dice.choice(("skip", "refuse")), "channels": dice.choice((None, 1)), "seed": number}
    try:
        found = prepared(folder, tmp_path / "cache", **options)
    except QuickMLError as error:
        assert "fruit" in str(error)
        return
    data = found.data()
    check(found.info, data)
    sides = [{pixels.tobytes() for pixels in x} for x in (data.x_train, data.x_test)]
    assert not sides[0] & sides[1]
    assert set(data.y_train.tolist()) == set(range(len(found.info.labels)))


def test_the_cache_has_a_limit(folder, monkeypatch):
    monkeypatch.setattr(cache, "MAX_BYTES", 40_000)
    found = [prepared(folder / "fruit", folder / "cache", seed=seed) for seed in range(4)]
    assert [one.pixels.exists() for one in found] == [False, False, True, True]


def test_a_full_disk_is_one_sentence(folder, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 0))
    with pytest.raises(DatasetError, match="less than 0 MiB free; free some space"):
        prepared(folder / "fruit", folder / "cache")


def test_without_files_pictures_are_refused_as_tables_are():
    with pytest.raises(DocumentError) as caught:
        understand(doc())
    (problem,) = caught.value.problems
    assert (problem.code, problem.found) == ("files-not-taken", "pictures in a file, 'fruit'")
    with pytest.raises(DocumentError):
        REGISTERED.load(PicturesReference(file="fruit"))


@pytest.mark.parametrize(("option", "value"), [("size", [7, 96]), ("size", [96]), ("size", 96), ("size", [2000, 9]), ("channels", 4), ("resize", "pad"), ("damaged", "ignore")])  # fmt: skip
def test_options_are_checked(option, value, folder):
    (problem,) = told(folder, **{option: value})
    assert problem.startswith(f"/dataset/{option}")


def test_other_datasets_are_left_to_the_other_catalog(folder):
    assert local(folder).describe(REGISTERED_IRIS).info.name == "iris"
    assert len(local(folder).load(REGISTERED_IRIS).x_train)


REGISTERED_IRIS = find("iris").model_validate({})
