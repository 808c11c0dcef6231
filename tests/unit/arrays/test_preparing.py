"""What arrays are, and what a network is given of them."""

import json
import zipfile

import numpy as np
import pytest

from array_files import drawn, idx, npz, prepared
from quickml.arrays import LocalArrays
from quickml.arrays.profile import profile
from quickml.document import understand
from quickml.errors import ArraysError, DatasetError, DocumentError, QuickMLError

IMAGES, LABELS = drawn()
RNG = np.random.default_rng(0)
FLOATS = RNG.normal(size=(24, 6))


def told(found):
    return [f"{notice.pointer}: {notice.message}" for notice in found.notices]


KINDS = {
    "grey images": (IMAGES, "image", (8, 8, 1)),
    "colours": (np.repeat(IMAGES[..., None], 3, -1), "image", (8, 8, 3)),
    "masks": (IMAGES > 99, "image", (8, 8, 1)),
    "colours as floats": (np.repeat(IMAGES[..., None] / 255, 3, -1), "image", (8, 8, 3)),
    "rows": (FLOATS, "features", (6,)),
    "big-endian rows": (FLOATS.astype(">f8"), "features", (6,)),
    "half precision": (FLOATS.astype(np.float16), "features", (6,)),
    "flags": (FLOATS > 0, "features", (6,)),
    "whole numbers below 0": (FLOATS.astype(int), "features", (6,)),
    "signals": (RNG.normal(size=(24, 6, 3)), "sequence", (6, 3)),
    "signals, Fortran": (np.asfortranarray(RNG.normal(size=(24, 6, 3))), "sequence", (6, 3)),
}


@pytest.mark.parametrize(("x", "kind", "shape"), KINDS.values(), ids=KINDS)
def test_the_only_kind_possible_is_taken_and_told(x, kind, shape, tmp_path):
    found = prepared(npz(tmp_path / "a.npz", x=x, y=LABELS))
    assert (found.info.kind, found.info.shape) == (kind, shape)
    assert any(notice.startswith("/dataset/kind: ") and "is taken for" in notice for notice in told(found))
    data = found.data()
    assert data.x_train.dtype == (np.uint8 if kind == "image" else np.float32)


ASKED = {
    "floats as an image or a sequence": (IMAGES / 255.0, "image", "sequence"),
    "whole numbers as an image or a sequence": (IMAGES.astype(int), "image", "sequence"),
    "whole numbers in rows": (IMAGES[:, 0].astype(int), "features", "tokens"),
    "bytes in rows": (IMAGES[:, 0], "features", "tokens"),
}


@pytest.mark.parametrize(("x", "first", "second"), ASKED.values(), ids=ASKED)
def test_what_could_be_two_kinds_is_asked_for(x, first, second, tmp_path):
    path = npz(tmp_path / "a.npz", x=x, y=LABELS)
    with pytest.raises(
        DocumentError, match=f'it could be {first} or {second}; write "kind": "{first}"'
    ) as caught:
        prepared(path)
    assert caught.value.problems[0].pointer == "/dataset/kind"
    for kind in (first, second):
        assert prepared(path, kind=kind).info.kind == kind


PIXELS = {
    "floats to 1": (IMAGES / 255.0, "multiplied by 255"),
    "floats to 255": (IMAGES.astype(np.float32), ""),
    "whole numbers": (IMAGES.astype(">i8"), ""),
    "rounded": (IMAGES + 0.25, "rounded to whole numbers"),
    "float16": ((IMAGES / 255).astype(np.float16), "multiplied by 255"),
}


@pytest.mark.parametrize(("x", "notice"), PIXELS.values(), ids=PIXELS)
def test_pixels_are_bytes(x, notice, tmp_path):
    found = prepared(npz(tmp_path / "a.npz", x=x, y=LABELS), kind="image")
    assert any(notice in one for one in told(found))
    pixels = np.concatenate([found.data().x_train, found.data().x_test])
    assert np.array_equal(np.sort(pixels[..., 0], axis=0), np.sort(IMAGES, axis=0))


def test_training_and_test_have_to_be_alike(tmp_path):
    train = {"x_train": IMAGES, "y_train": LABELS}
    with pytest.raises(ArraysError, match="x_test: expected pixels to 255, as for training, found 0 to 1"):
        prepared(npz(tmp_path / "a.npz", **train, x_test=(IMAGES > 99) * 1.0, y_test=LABELS), kind="image")
    with pytest.raises(ArraysError, match="y_test: expected numbers, as for training, found texts"):
        prepared(npz(tmp_path / "a.npz", **train, x_test=IMAGES, y_test=LABELS.astype(str)))


def test_tokens_have_a_meaning_each(tmp_path):
    tokens = np.arange(24 * 5).reshape(24, 5) % 9
    found = prepared(npz(tmp_path / "a.npz", x=tokens, y=LABELS), kind="tokens")
    assert found.info.vocabulary == tuple("012345678")
    assert found.data().x_train.dtype == np.int32


def test_a_sequence_of_numbers_has_one_at_each_step(tmp_path):
    assert prepared(npz(tmp_path / "a.npz", x=FLOATS, y=LABELS), kind="sequence").info.shape == (6, 1)


def nan(array, *places):
    changed = np.array(array, dtype=float)
    for place in places:
        changed[place] = np.nan
    return changed


X_REFUSED = {
    "NaN": (nan(FLOATS, (3, 1), (7, 2)), {}, "x: expected finite numbers, found NaN or infinity in 2 of 24 samples, first in sample 3"),
    "infinity": (np.where(FLOATS > 1.5, np.inf, FLOATS), {}, "expected finite numbers"),
    "too large": (FLOATS * 1e300, {}, "numbers that fit in float32"),
    "texts": (np.full((24, 3), "a"), {}, "x: expected numbers, found texts"),
    "one axis": (FLOATS[:, 0], {}, "of 1 to 3 axes each, found the shape (24,)"),
    "five axes": (np.zeros((24, 2, 2, 2, 2)), {}, "of 1 to 3 axes each"),
    "channels first": (np.zeros((24, 3, 8, 8), np.uint8), {}, "put the channels last: x.transpose(0, 2, 3, 1)"),
    "transparency": (np.zeros((24, 8, 8, 4), np.uint8), {}, "x[..., :3]"),
    "standardised pixels": (RNG.normal(size=(24, 8, 8, 3)), {}, "save the pixels as they are"),
    "standardised pixels, grey": (RNG.normal(size=(24, 8, 8)), {"kind": "image"}, 'or write "kind": "sequence"'),
    "negative tokens": (FLOATS.astype(int) - 1, {"kind": "tokens"}, "whole numbers from 0"),
    "tokens in parts": (FLOATS**2, {"kind": "tokens"}, "not all whole"),
    "images as features": (IMAGES, {"kind": "features"}, "x.reshape(len(x), -1)"),
    "rows as images": (FLOATS, {"kind": "image"}, "samples of shape (height, width)"),
    "few": (FLOATS[:3], {}, "4 or more samples"),
}  # fmt: skip


@pytest.mark.parametrize(("x", "options", "message"), X_REFUSED.values(), ids=X_REFUSED)
def test_inputs_that_cannot_be_learned_from_are_refused(x, options, message, tmp_path):
    with pytest.raises(QuickMLError) as caught:
        prepared(npz(tmp_path / "a.npz", x=x, y=LABELS[: len(x)]), **options)
    assert message in str(caught.value)


THREE = np.arange(24) % 3
TARGETS = {
    "whole numbers": (THREE, {}, ("0", "1", "2")),
    "from 1": (THREE + 1, {}, ("1", "2", "3")),
    "a few others": (THREE * 10, {}, ("0", "10", "20")),
    "big-endian": (THREE.astype(">i2"), {}, ("0", "1", "2")),
    "bytes": (THREE.astype(np.uint8), {}, ("0", "1", "2")),
    "whole floats": (THREE.astype(np.float32), {}, ("0", "1", "2")),
    "flags": (THREE > 0, {}, ("false", "true")),
    "a column": (THREE[:, None], {}, ("0", "1", "2")),
    "one-hot": (np.eye(3)[THREE], {}, ("0", "1", "2")),
    "texts": (np.array(["c", "b", "ä"])[THREE], {}, ("b", "c", "ä")),
    "texts as bytes": (np.array([b"c", "ä".encode(), b"b"])[THREE], {}, ("b", "c", "ä")),
    "names of numbers": (THREE, {"labels": ["x", "y", "z"]}, ("x", "y", "z")),
    "names of one-hot rows": (np.eye(3)[THREE], {"labels": ["x", "y", "z"]}, ("x", "y", "z")),
    "an order of texts": (np.array(["c", "b", "a"])[THREE], {"labels": ["c", "a", "b"]}, ("c", "a", "b")),
    "an order of numbers": (THREE, {"labels": ["2", "1", "0"]}, ("2", "1", "0")),
    "numbers of decimals": (np.array([0.5, 1.5, 2])[THREE], {"task": "classification"}, ("0.5", "1.5", "2")),
}


@pytest.mark.parametrize(("y", "options", "labels"), TARGETS.values(), ids=TARGETS)
def test_targets_are_classes(y, options, labels, tmp_path):
    found = prepared(npz(tmp_path / "a.npz", x=np.arange(24.0)[:, None], y=y), **options)
    assert found.info.labels == labels
    data = found.data()
    for x, code in zip(data.x_train[:, 0], data.y_train, strict=True):
        value = y[int(x)]
        value = value.argmax() if getattr(value, "size", 1) > 1 else np.asarray(value).reshape(-1)[0]
        value = value.decode() if isinstance(value, bytes) else value
        expected = str(value).lower().removesuffix(".0")
        assert labels[code] in (expected, {"0": "x", "1": "y", "2": "z"}.get(expected))


@pytest.mark.parametrize(
    "y", [np.arange(24), np.arange(24) / 7, np.arange(24.0)[:, None], RNG.normal(size=24)]
)
def test_targets_are_numbers(y, tmp_path):
    found = prepared(npz(tmp_path / "a.npz", x=FLOATS, y=y))
    assert (found.info.task, found.info.labels) == ("regression", ())
    assert "/dataset/task: a regression: the targets are numbers" in told(found)
    assert found.data().y_train.dtype == np.float32


FLAGS = np.stack([THREE > 0, THREE > 1], axis=1)
SEVERAL = {
    "numbers": (FLOATS[:, :2], {}, "regression", ("target 0", "target 1")),
    "flags": (FLAGS, {}, "multi_label", ("target 0", "target 1")),
    "named flags": (FLAGS * 1.0, {"labels": ["a", "b"]}, "multi_label", ("a", "b")),
    "flags as numbers": (FLAGS, {"task": "regression"}, "regression", ("target 0", "target 1")),
    "rows with one 1 as labels": (np.eye(3)[THREE], {"task": "multi_label"}, "multi_label", ("target 0", "target 1", "target 2")),
}  # fmt: skip


@pytest.mark.parametrize(("y", "options", "task", "names"), SEVERAL.values(), ids=SEVERAL)
def test_rows_are_several_targets(y, options, task, names, tmp_path):
    path = npz(tmp_path / "a.npz", x=np.arange(24.0)[:, None], y=y)
    found = prepared(path, **options)
    assert (found.info.task, found.info.labels, found.info.target_names) == (task, (), names)
    data = found.data()
    np.testing.assert_array_equal(data.y_train, y[data.x_train[:, 0].astype(int)].astype(np.float32))
    again = prepared(path, **{key: value for key, value in found.reference if key not in ("name", "file")})
    assert (again.info, again.notices) == (found.info, ())


Y_REFUSED = {
    "another length": (LABELS[:9], {}, "y: expected a target for each of 24 samples, found 9"),
    "a cube": (IMAGES, {}, "expected a target, or a row of several numbers, for each sample, found uint8 (24, 8, 8)"),
    "masks": (IMAGES, {}, "networks that answer with pictures (autoencoders, segmentation) are not offered yet"),
    "rows of texts": (np.full((24, 2), "a"), {}, "expected a target, or a row of several numbers"),
    "rows that are no classes": (FLOATS, {"task": "classification"}, "a row with one 1 for each sample"),
    "rows that are no labels": (FLOATS, {"task": "multi_label"}, "0 or 1 for each label"),
    "no rows": (LABELS, {"task": "multi_label"}, "rows of 0 and 1, one for each label"),
    "a column that is constant": (FLOATS * [1, 0, 1, 1, 1, 1], {}, "0 for all samples of 'target 1'"),
    "names of too few": (FLOATS, {"labels": ["a", "b"]}, "expected names of 6 targets, found 2"),
    "too many": (np.tile(FLOATS, 20), {}, "at most 100 targets, found 120"),
    "NaN": (nan(LABELS, 5), {}, "y: expected finite numbers"),
    "one class": (LABELS * 0, {}, "different numbers to learn, found 0 for all samples"),
    "one text": (np.full(24, "a"), {}, "two or more classes, found 'a' for all samples"),
    "case": (np.array(["a", "A", "b"])[THREE], {}, "found 'A' and 'a'"),
    "blanks": (np.array(["a b", "a  b", "b"])[THREE], {}, "found 'a  b' and 'a b'"),
    "form": (np.array(["\u00e9", "e\u0301", "b"])[THREE], {}, r"found 'e\u0301' and '\xe9'"),
    "empty": (np.array(["a", "", "b"])[THREE], {}, "y: expected printable labels, found ''"),
    "control": (np.array(["a", "b\x1b", "b"])[THREE], {}, r"found 'b\x1b'"),
    "Latin-1": (np.array([b"a", b"\xe4", b"b"])[THREE], {}, "labels in UTF-8"),
    "other labels": (THREE, {"labels": ["a", "b"]}, "/dataset/labels: expected labels of the classes, or of 0 to 1"),
    "a label of none": (THREE, {"labels": ["a", "b", "c", "d"]}, "samples of each class to learn from, found none of 'd'"),
    "labels of a regression": (THREE, {"labels": ["a", "b"], "task": "regression"}, "no labels of a regression"),
    "texts of a regression": (np.array(["c", "b", "a"])[THREE], {"task": "regression"}, "found texts"),
}  # fmt: skip


@pytest.mark.parametrize(("y", "options", "message"), Y_REFUSED.values(), ids=Y_REFUSED)
def test_targets_that_cannot_be_learned_are_refused(y, options, message, tmp_path):
    with pytest.raises(QuickMLError) as caught:
        prepared(npz(tmp_path / "a.npz", x=FLOATS, y=y), **options)
    assert message in str(caught.value)


NAMES = [
    ("x_train", "y_train", "x_test", "y_test"),
    ("X", "y", None, None),
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("images", "labels", None, None),
    ("arr_0", "arr_1", None, None),
    ("data", "target", None, None),
]


@pytest.mark.parametrize("names", NAMES, ids=lambda names: names[0])
def test_roles_follow_from_usual_names(names, tmp_path):
    arrays = {name: value for name, value in zip(names, [FLOATS, LABELS] * 2, strict=True) if name}
    arrays |= {} if names[0] == "arr_0" else {"x_val": FLOATS, "notes": FLOATS}
    found = prepared(npz(tmp_path / "a.npz", **arrays)).reference
    assert (found.inputs, found.targets, found.test_inputs, found.test_targets) == names
    assert found.test_fraction == (None if names[2] else 0.2)


def test_inputs_are_not_advised_as_targets(tmp_path):
    with pytest.raises(QuickMLError, match=r"targets, found none besides 'x'; save both: np.savez\("):
        prepared(npz(tmp_path / "a.npz", x=FLOATS))
    with pytest.raises(QuickMLError, match=r'write "targets": "who"$'):
        prepared(npz(tmp_path / "b.npz", x=FLOATS, who=LABELS))


def test_other_names_are_asked_for(tmp_path):
    path = npz(tmp_path / "a.npz", faces=FLOATS, who=LABELS, y=LABELS, labels=LABELS)
    messages = {
        "/dataset/inputs: expected the name of the array with the inputs, found 'faces', 'labels', 'who', 'y'": {},
        "/dataset/targets: expected the name of the array with the targets, found several: 'labels', 'y'": {"inputs": "faces"},
        "found 'face'; did you mean 'faces'?": {"inputs": "face"},
        "/dataset/test_targets: expected inputs and targets for the test": {"inputs": "faces", "targets": "y", "test_inputs": "faces"},
    }  # fmt: skip
    for message, options in messages.items():
        with pytest.raises(DocumentError) as caught:
            prepared(path, **options)
        assert message in str(caught.value)
    assert prepared(path, inputs="faces", targets="who").info.sizes == (19, 5)


def test_arrays_for_the_test_fit_those_for_training(tmp_path):
    path = npz(tmp_path / "a.npz", x_train=FLOATS, y_train=LABELS, x_test=FLOATS[:, :5], y_test=LABELS)
    with pytest.raises(
        ArraysError, match=r"x_test: expected samples of shape \(6,\), as for training, found \(5,\)"
    ):
        prepared(path)
    path = npz(tmp_path / "b.npz", x_train=FLOATS, y_train=LABELS, x_test=FLOATS, y_test=LABELS)
    with pytest.raises(DocumentError, match="no fraction of arrays that have a test array"):
        prepared(path, test_fraction=0.3)


def test_the_description_says_whether_inputs_are_mapped(tmp_path):
    own = {"x_train": FLOATS.astype(np.float32), "y_train": LABELS}
    both = {**own, "x_test": own["x_train"], "y_test": LABELS}
    assert prepared(npz(tmp_path / "mapped.npz", **both)).info.is_mapped
    assert not prepared(npz(tmp_path / "packed.npz", zipfile.ZIP_DEFLATED, **both)).info.is_mapped
    assert not prepared(
        npz(tmp_path / "other.npz", **{**both, "x_test": FLOATS.astype(np.float64)})
    ).info.is_mapped
    assert not prepared(npz(tmp_path / "divided.npz", **own)).info.is_mapped


def limited(monkeypatch):
    for module in ("stored", "inputs", "prepare"):
        monkeypatch.setattr(f"quickml.arrays.{module}.MAX_MEMORY_BYTES", 1000)


def test_what_is_too_large_for_memory_says_how_to_save_it(tmp_path, monkeypatch):
    limited(monkeypatch)
    train = {"x_train": IMAGES, "y_train": LABELS}
    np.savez_compressed(tmp_path / "a.npz", **train)
    with pytest.raises(ArraysError, match=r"at most 0 GiB in memory.*save it without compression"):
        prepared(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", **train)
    with pytest.raises(ArraysError, match=r"to be divided.*arrays of their own"):
        prepared(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", **train, x_test=IMAGES, y_test=LABELS)
    assert prepared(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", x_train=IMAGES * 1.0, y_train=LABELS, x_test=IMAGES, y_test=LABELS)
    with pytest.raises(
        ArraysError, match=r"x_train: .*have to be converted.*save it as uint8, in the order of C"
    ):
        prepared(tmp_path / "a.npz", kind="image")


LAYERS = [{"type": "Flatten"}, {"type": "Dense", "units": 2, "activation": "softmax"}]


def document(**dataset):
    return {
        "name": "shapes",
        "dataset": {"name": "arrays", "file": "a.npz", **dataset},
        "model": {"layers": LAYERS},
    }


def test_the_completed_document_says_all_and_is_told_nothing(tmp_path):
    npz(tmp_path / "a.npz", x=IMAGES, y=LABELS)
    files = LocalArrays(tmp_path)
    plan = understand(document(), files)
    assert len(plan.notices) == 4
    completed = json.loads(plan.document.model_dump_json())["dataset"]
    assert completed.pop("sha256") == profile(tmp_path / "a.npz", "a.npz").sha256
    assert {key: value for key, value in completed.items() if value is not None} == {
        "name": "arrays", "file": "a.npz", "seed": 0, "kind": "image", "task": "classification", "labels": ["0", "1"],
        "inputs": "x", "targets": "y", "test_fraction": 0.2, "in_report": False,
    }  # fmt: skip
    again = understand(json.loads(plan.document.model_dump_json()), files)
    assert (again.notices, again.info) == ((), plan.info)
    first, second = (files.load(one.document.dataset) for one in (plan, again))
    np.testing.assert_array_equal(first.x_test, second.x_test)


def test_another_file_is_refused(tmp_path):
    npz(tmp_path / "a.npz", x=IMAGES, y=LABELS)
    with pytest.raises(DocumentError, match="/dataset/sha256: expected 000000000000"):
        understand(document(sha256="0" * 64), LocalArrays(tmp_path))
    (tmp_path / "a.idx").write_bytes(idx(IMAGES))
    (tmp_path / "b.idx").write_bytes(idx(LABELS.astype("u1")))
    with pytest.raises(DocumentError, match="/dataset/targets_sha256: expected 000000000000"):
        understand(
            document(file="a.idx", targets_file="b.idx", targets_sha256="0" * 64), LocalArrays(tmp_path)
        )
    with pytest.raises(DocumentError, match="/dataset/targets_file"):
        understand(document(targets_file="b.idx"), LocalArrays(tmp_path))


def test_a_catalog_says_what_is_wrong_where(tmp_path):
    with pytest.raises(DocumentError, match=r"/dataset/file: expected an \.npz file"):
        understand(document(), LocalArrays(tmp_path))
    npz(tmp_path / "a.npz", x=IMAGES, y=LABELS)
    reference = understand(document(), LocalArrays(tmp_path)).document.dataset
    (tmp_path / "a.npz").unlink()
    with pytest.raises(DatasetError, match="nothing of this name"):
        LocalArrays(tmp_path).load(reference)


def test_a_server_reads_no_arrays_so_far():
    with pytest.raises(DocumentError, match=r"arrays in a file, 'a\.npz'"):
        understand(document())


def test_a_profile_shows_what_cannot_be_learned_from(tmp_path):
    found = profile(npz(tmp_path / "a.npz", x=nan(FLOATS, (3, 1)), y=LABELS), "a.npz")
    assert found.document is None
    assert "first in sample 3" in found.problems[0].found
    assert (found.arrays[0].not_finite, found.arrays[0].low) == (
        1,
        pytest.approx(np.nanmin(nan(FLOATS, (3, 1)))),
    )
    assert json.loads(json.dumps(found.model_dump(mode="json")))["kind"] == "arrays"


@pytest.mark.parametrize(
    ("x", "kind"),
    [(IMAGES, None), (FLOATS, None), (RNG.normal(size=(24, 6, 3)), None), (IMAGES[:, 0], "tokens")],
)
@pytest.mark.parametrize(
    "y", [LABELS, FLOATS[:, 0], FLOATS, FLAGS], ids=["classes", "number", "numbers", "labels"]
)
def test_a_proposed_document_is_valid_and_told_nothing_more(x, kind, y, tmp_path):
    found = profile(npz(tmp_path / "a.npz", x=x, y=y), "a.npz", kind)
    assert understand(found.document, LocalArrays(tmp_path)).notices == ()
