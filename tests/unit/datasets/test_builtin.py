"""Every dataset: its numbers, its splits, and what happens where its files are missing or damaged."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import sklearn.datasets
from hypothesis import given, settings
from hypothesis import strategies as st

from quickml.datasets import Data, Dataset, load, scikit_learn
from quickml.datasets.builtin import BUILT_IN, images
from quickml.datasets.builtin.classic_tables import BreastCancer, Diabetes, Digits, Iris, Wine
from quickml.datasets.builtin.images import FashionMnist, Mnist
from quickml.datasets.builtin.points import Blobs, Circles, Moons, Spirals, Xor
from quickml.datasets.idx import read_idx
from quickml.datasets.split import split
from quickml.errors import DatasetError

HERE = [
    name
    for name in BUILT_IN
    if name != "fashion_mnist" or (images.DEBIAN / "t10k-labels-idx1-ubyte.gz").is_file()
]
PLANE = [Circles, Moons, Blobs, Xor, Spirals]


@pytest.fixture(scope="module")
def whole_mnist() -> Data:
    return load(Mnist())


def rows(*parts: np.ndarray) -> np.ndarray:
    """All samples in an order of their own: two heaps of the same samples become equal."""
    flat = np.concatenate([part.reshape(len(part), -1) for part in parts])
    return flat[np.lexsort(flat.T)]


def assert_shares(y: np.ndarray, part: np.ndarray) -> None:
    """Each class has the share in `part` that it has in `y`, within one sample."""
    counts, found = np.bincount(y), np.bincount(part, minlength=y.max() + 1)
    assert (np.abs(found - counts * len(part) / len(y)) < 1).all()


# Splits


@given(st.lists(st.integers(0, 5), min_size=1, max_size=200), st.floats(0, 1), st.integers(0, 2**31 - 1))
def test_split_is_exact_stratified_and_repeatable(labels: list[int], share: float, seed: int) -> None:
    y = np.array(labels, np.int32)
    held_out = int(share * len(y))
    kept, held = split(y, held_out, seed)
    assert len(held) == held_out
    assert sorted([*kept, *held]) == list(range(len(y)))
    assert_shares(y, y[held])
    assert_shares(y, y[kept])
    again = split(y, held_out, seed)
    assert np.array_equal(kept, again[0])
    assert np.array_equal(held, again[1])


@given(st.integers(1, 300), st.integers(0, 1000), st.data())
def test_split_of_a_regression_takes_from_every_tenth(n: int, seed: int, data: st.DataObject) -> None:
    y = np.random.default_rng(seed).normal(size=n).astype(np.float32)
    held_out = data.draw(st.integers(0, n))
    kept, held = split(y, held_out, seed)
    assert len(held) == held_out
    assert sorted([*kept, *held]) == list(range(n))
    tenth = np.argsort(np.argsort(y, kind="stable"), kind="stable") * min(10, n) // n
    assert_shares(tenth, tenth[held])


def test_split_shuffles_and_the_seed_decides() -> None:
    y = np.arange(100) // 50
    _, held = split(y, 40, seed=1)
    assert (np.diff(held) < 0).any()
    assert (np.diff(y[held]) != 0).sum() > 5
    assert not np.array_equal(held, split(y, 40, seed=2)[1])


@pytest.mark.parametrize("held_out", [-1, 11])
def test_split_refuses_a_size_out_of_range(held_out: int) -> None:
    with pytest.raises(ValueError, match=r"held_out: expected 0\.\.10, found"):
        split(np.zeros(10, np.int32), held_out, 0)


@pytest.mark.parametrize(
    ("total", "fraction", "test"),
    [
        (100, 0.07, 7),
        (100, 0.071, 8),
        (150, 0.2, 30),
        (1_000_000, 0.3, 300_000),
        (21, 0.05, 2),
        (20, 0.05, 1),
    ],
)
def test_sizes_round_up_but_not_over_float_error(total: int, fraction: float, test: int) -> None:
    assert Moons(num_samples=total, test_fraction=fraction).info().sizes == (total - test, test)


# All datasets


@pytest.mark.parametrize("name", HERE)
def test_forms_are_what_the_description_says(name: str) -> None:
    reference = BUILT_IN[name]()
    dataset, data = reference.info(), load(reference)
    train, test = dataset.sizes
    assert data.x_train.shape == (train, *dataset.shape)
    assert data.x_test.shape == (test, *dataset.shape)
    form = {"image": np.uint8, "features": np.float32, "sequence": np.float32, "tokens": np.int32}
    assert data.x_train.dtype == data.x_test.dtype == form[dataset.kind]
    expected = np.float32 if dataset.task == "regression" else np.int32
    assert data.y_train.dtype == data.y_test.dtype == expected
    if dataset.labels:
        assert set(data.y_train) == set(data.y_test) == set(range(len(dataset.labels)))
    if dataset.feature_names:
        assert len(dataset.feature_names) == dataset.shape[-1]
    if dataset.vocabulary:
        assert set(np.unique(data.x_train)) == set(range(len(dataset.vocabulary)))
    for array in (data.x_train, data.y_train, data.x_test, data.y_test):
        assert not array.flags.writeable


@pytest.mark.parametrize("cls", [Iris, Digits, Diabetes, *PLANE])
def test_the_seed_decides(cls: type[Dataset]) -> None:
    first, again, other = load(cls()), load(cls()), load(cls(seed=1))
    assert np.array_equal(first.x_train, again.x_train)
    assert np.array_equal(first.y_test, again.y_test)
    assert not np.array_equal(first.x_train, other.x_train)


def test_data_that_is_not_as_described_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = load(Iris())
    monkeypatch.setattr(Iris, "divided", lambda _self, _total: (128, 32))
    monkeypatch.setattr(Iris, "load", lambda _self: whole)
    with pytest.raises(DatasetError, match="iris: expected 128 training samples of shape"):
        load(Iris())


def test_loading_imports_neither_sklearn_nor_pooch() -> None:
    script = (
        "import sys; from quickml.datasets import load; from quickml.datasets.builtin.classic_tables import Iris;"
        "load(Iris()); print(sorted({'sklearn', 'pooch', 'scipy', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Tables


@pytest.mark.parametrize("cls", [Iris, Wine, BreastCancer, Diabetes])
@pytest.mark.parametrize("files_moved", [False, True])
def test_tables_equal_sklearns(
    cls: type[Dataset], files_moved: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if files_moved:
        monkeypatch.setattr(scikit_learn, "table", lambda *_args, **_options: None)
    dataset = cls()
    options = {"scaled": False} if cls is Diabetes else {}
    theirs = getattr(sklearn.datasets, f"load_{dataset.name}")(**options)
    ours = load(dataset)
    expected = np.column_stack([theirs.data, theirs.target]).astype(np.float32)
    found = [np.column_stack(part) for part in ((ours.x_train, ours.y_train), (ours.x_test, ours.y_test))]
    assert np.array_equal(rows(*found), rows(expected))
    info = dataset.info()
    assert info.feature_names == tuple(map(str, theirs.feature_names))
    if info.labels:
        assert info.labels == tuple(map(str, theirs.target_names))


@pytest.mark.parametrize("files_moved", [False, True])
def test_digits_equal_sklearns(files_moved: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if files_moved:
        monkeypatch.setattr(scikit_learn, "table", lambda *_args, **_options: None)
    theirs, ours = sklearn.datasets.load_digits(), load(Digits())
    assert ours.x_train.max() == 255
    grey = rows(np.rint(np.concatenate([ours.x_train, ours.x_test]) * (16 / 255)))
    assert np.array_equal(grey, rows(theirs.data))
    assert Digits().info().labels == tuple(map(str, theirs.target_names))
    bright = {(int(y), int(x.sum())) for x, y in zip(ours.x_test, ours.y_test, strict=True)}
    levels = np.rint(np.arange(17) * (255 / 16)).astype(int)
    known = {
        (int(y), int(levels[x.astype(int)].sum())) for x, y in zip(theirs.data, theirs.target, strict=True)
    }
    assert bright <= known


def test_a_damaged_table_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "datasets" / "data").mkdir(parents=True)
    (tmp_path / "datasets" / "data" / "iris.csv").write_text("150,4,a,b,c\n1,2,three,4,0\n")

    class Package:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(scikit_learn, "find_spec", lambda _name: Package)
    with pytest.raises(DatasetError, match=r"iris\.csv of scikit-learn is damaged"):
        load(Iris())


@pytest.mark.parametrize("table", [Iris, Digits])
def test_a_table_is_read_in_a_deleted_working_directory(
    table: type[Dataset], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert len(load(table()).x_test) > 20


def test_a_table_that_cannot_be_read_is_not_called_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(DatasetError, match=r"iris\.csv of scikit-learn cannot be read \(Permission denied\)"):
        load(Iris())


def test_missing_sklearn_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scikit_learn, "find_spec", lambda _name: None)
    with pytest.raises(DatasetError, match="scikit-learn, which is not installed"):
        load(Iris())


# Pictures


def test_mnist_whole(whole_mnist: Data) -> None:
    assert whole_mnist.x_train.shape == (60_000, 28, 28, 1)
    assert whole_mnist.y_train[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]
    assert whole_mnist.x_test.mean() == pytest.approx(33.79, abs=0.01)


@settings(max_examples=5, deadline=None)
@given(num_samples=st.integers(100, 60_000), seed=st.integers(0, 2**31 - 1))
def test_mnist_subset_is_stratified(whole_mnist: Data, num_samples: int, seed: int) -> None:
    data = load(Mnist(num_samples=num_samples, seed=seed))
    assert len(data.x_train) == len(data.y_train) == num_samples
    assert_shares(whole_mnist.y_train, data.y_train)
    assert np.array_equal(data.y_test, whole_mnist.y_test)


def test_mnist_subset_keeps_pictures_with_their_labels(whole_mnist: Data) -> None:
    known = {x.tobytes(): y for x, y in zip(whole_mnist.x_train, whole_mnist.y_train, strict=True)}
    data = load(Mnist(num_samples=100))
    assert all(known[x.tobytes()] == y for x, y in zip(data.x_train, data.y_train, strict=True))


def test_mnist_carries_its_license() -> None:
    text = (images.BUNDLED / "LICENSE").read_text(encoding="utf-8")
    for word in ("CC BY-SA 3.0", "LeCun", "Cortes", "Burges"):
        assert word in text


IDX = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])


def packed(folder: Path, content: bytes) -> tuple[Path, str]:
    path = folder / "some-idx2-ubyte.gz"
    path.write_bytes(gzip.compress(content))
    return path, hashlib.sha256(content).hexdigest()


def test_idx_is_read(tmp_path: Path) -> None:
    array = read_idx(*packed(tmp_path, IDX))
    assert array.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert array.dtype == np.uint8


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected an IDX file of bytes"),
        (b"\0\0\x0d\x01\0\0\0\0", r"expected an IDX file of bytes \(00 00 08\), found 00 00 0d"),
        (IDX[:9], "expected 2 dimensions, found 9 bytes in all"),
        (IDX[:-1], r"expected values of shape \(2, 3\), found 5 bytes"),
        (IDX + b"x", r"expected values of shape \(2, 3\), found 7 bytes"),
    ],
)
def test_what_is_no_idx_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_idx(*packed(tmp_path, content))


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path, sha256 = packed(tmp_path, IDX)
    with pytest.raises(DatasetError, match=f"expected content with sha256 {'0' * 64}, found {sha256}"):
        read_idx(path, "0" * 64)
    whole = path.read_bytes()
    for damaged in (whole[:-9], b"", b"plain text", whole[:12] + bytes([whole[12] ^ 255]) + whole[13:]):
        path.write_bytes(damaged)
        with pytest.raises(DatasetError, match="damaged, fetch or install it again"):
            read_idx(path, sha256)
    path.unlink()
    with pytest.raises(DatasetError, match="found none that can be read"):
        read_idx(path, sha256)


# Downloading, against a real server on this machine


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, ThreadingHTTPServer]]:
    """A server in the place of Zalando's, publishing a small Fashion-MNIST that nobody has installed."""
    folder = tmp_path / "published"
    folder.mkdir()
    x, y = np.arange(200 * 784, dtype=np.uint32).astype(np.uint8), (np.arange(200) % 10).astype(np.uint8)
    for name in images.FILES:
        header, values = (
            ("00000803000000c80000001c0000001c", x) if "images" in name else ("00000801000000c8", y)
        )
        content = bytes.fromhex(header) + values.tobytes()
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        monkeypatch.setitem(images.FASHION_MNIST, name, hashlib.sha256(content).hexdigest())
        sha256 = hashlib.sha256((folder / f"{name}.gz").read_bytes()).hexdigest()
        monkeypatch.setitem(images.FASHION_MNIST_PACKED, name, sha256)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(images, "DEBIAN", tmp_path / "not-installed")
    monkeypatch.setattr(images, "ZALANDO", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.setattr(FashionMnist, "sizes", property(lambda _self: (200, 200)))
    yield folder, server
    server.shutdown()
    server.server_close()


def test_fashion_mnist_is_fetched_once(published: tuple[Path, ThreadingHTTPServer]) -> None:
    assert not FashionMnist().is_local()
    data = load(FashionMnist())
    assert data.x_train.shape == (200, 28, 28, 1)
    for file in published[0].iterdir():
        file.unlink()
    assert np.array_equal(load(FashionMnist()).x_train, data.x_train)
    assert FashionMnist().is_local()


def fetching_fails_with() -> str:
    """The only line of the message."""
    with pytest.raises(DatasetError) as raised:
        load(FashionMnist())
    (line,) = str(raised.value).splitlines()
    return line


def test_fashion_mnist_offline_says_what_to_do_in_one_line(
    published: tuple[Path, ThreadingHTTPServer],
) -> None:
    published[1].server_close()
    published[1].shutdown()
    line = fetching_fails_with()
    assert "found no connection; connect to the internet and try again, or install Debian's package" in line
    assert "HTTPConnectionPool" not in line


def test_fashion_mnist_that_is_not_published_any_more(published: tuple[Path, ThreadingHTTPServer]) -> None:
    (published[0] / "t10k-labels-idx1-ubyte.gz").unlink()
    assert "found the answer 404; " in fetching_fails_with()


def test_fashion_mnist_with_another_content_is_refused(published: tuple[Path, ThreadingHTTPServer]) -> None:
    (published[0] / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(b"something else"))
    assert "found a file with another content; " in fetching_fails_with()


# Points in the plane


@pytest.mark.parametrize("cls", PLANE)
@pytest.mark.parametrize("n", [20, 101, 1000])
def test_plane_is_balanced(cls: type[Dataset], n: int) -> None:
    data = load(cls.model_validate({"num_samples": n}))
    counts = np.bincount(np.concatenate([data.y_train, data.y_test]), minlength=len(cls().info().labels))
    assert counts.sum() == n
    assert counts.max() - counts.min() <= 1


def test_shapes_without_noise() -> None:
    circles = load(Circles(noise=0.0, inner_radius=0.25))
    radius = np.hypot(*circles.x_train.T)
    assert np.allclose(radius, np.where(circles.y_train == 0, 1.0, 0.25), atol=1e-6)
    moons = load(Moons(noise=0.0))
    upper, lower = moons.x_train[moons.y_train == 0], moons.x_train[moons.y_train == 1]
    assert np.allclose(np.hypot(*upper.T), 1, atol=1e-6)
    assert np.allclose(np.hypot(*(lower - (1, 0.5)).T), 1, atol=1e-6)
    assert upper[:, 1].min() >= 0
    assert lower[:, 1].max() <= 0.5
    xor = load(Xor(noise=0.0))
    assert np.array_equal(xor.x_train.prod(axis=1) < 0, xor.y_train == 1)
    spirals = load(Spirals(noise=0.0))
    assert np.hypot(*spirals.x_train.T).max() <= 2


def test_noise_spreads_blobs() -> None:
    data = load(Blobs(num_samples=30_000, noise=0.5))
    for label in range(3):
        heap = data.x_train[data.y_train == label]
        assert np.allclose(heap.std(axis=0), 0.5, atol=0.02)
        assert np.hypot(*heap.mean(axis=0)) == pytest.approx(3, abs=0.03)
