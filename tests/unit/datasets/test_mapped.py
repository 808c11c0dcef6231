"""Arrays that are read part by part: the same samples, and memory that is given back."""

import mmap

import numpy as np
import psutil
import pytest

from quickml.datasets import mapped
from quickml.datasets.data import Data


def kept(folder, array, mode="r"):
    np.save(folder / "array.npy", array)
    return np.load(folder / "array.npy", mmap_mode=mode)


def forms(folder):
    numbers = np.random.default_rng(0).normal(size=(50, 3, 2)).astype(np.float32)
    (folder / "odd.bin").write_bytes(b"1" + numbers.tobytes())
    yield numbers
    yield numbers[::2]
    yield numbers[:, :, ::2]
    yield kept(folder, numbers)
    yield kept(folder, numbers)[10:40]
    yield np.asarray(kept(folder, numbers))
    yield kept(folder, numbers, "c")
    yield np.memmap(folder / "odd.bin", np.float32, "r", offset=1, shape=numbers.shape)  # not aligned


def test_gathered_samples_are_those_of_the_array(tmp_path):
    for array in forms(tmp_path):
        chosen = np.random.default_rng(1).permutation(len(array)).astype(np.int32)[:20]
        found = mapped.gathered(array, chosen)
        np.testing.assert_array_equal(found, np.array(array)[chosen])
        assert found.dtype == array.dtype
        assert type(found) is np.ndarray
        assert found.ctypes.data % mapped.ALIGNMENT == 0 or not array.flags.c_contiguous
        assert found.flags.writeable


def pages(folder):
    return kept(folder, np.random.default_rng(0).integers(0, 256, (20, 2, 4096), np.uint8))[3:]


def test_large_samples_are_read_from_the_file_itself(tmp_path, monkeypatch):
    array, chosen = pages(tmp_path), np.array([5, 0, 16, 5])
    monkeypatch.setattr(mapped.np, "take", None)
    np.testing.assert_array_equal(mapped.gathered(array, chosen), array[chosen])


@pytest.mark.parametrize("becomes", ["nothing", "another", "shorter"])
def test_and_from_the_map_where_the_file_is_another_by_now(tmp_path, becomes):
    array, chosen = pages(tmp_path), np.array([5, 0, 16])
    wanted, path = array[chosen].copy(), tmp_path / "array.npy"
    content = path.read_bytes()
    path.unlink()
    if becomes != "nothing":
        path.write_bytes(content[:50_000] if becomes == "shorter" else bytes(len(content)))
    np.testing.assert_array_equal(mapped.gathered(array, chosen), wanted)


@pytest.mark.parametrize("samples", [1, 7, 50, 99, None])
def test_parts_are_all_samples_in_order(tmp_path, samples):
    for array in forms(tmp_path):
        parts = [np.array(part) for part in mapped.parts(array, samples)]
        np.testing.assert_array_equal(np.concatenate(parts), array)
        assert max(map(len, parts)) <= (samples or 50)
        low, high = mapped.extent(array)
        np.testing.assert_array_equal([low, high], [array.min(axis=0), array.max(axis=0)])


def test_a_part_has_a_limited_size():
    assert mapped.samples_per_part(np.broadcast_to(np.uint8(0), (9, 1 << 20))) == 32
    assert mapped.samples_per_part(np.broadcast_to(np.float32(0), (9, 1 << 30))) == 1
    assert mapped.samples_per_part(np.zeros((0, 0), np.float32)) == mapped.PART_BYTES


def test_changes_to_a_private_map_are_not_lost(tmp_path):
    array = kept(tmp_path, np.zeros((10, 4096), np.uint8), "c")
    array[3] = 7
    mapped.give_back(array)
    mapped.give_back(array[2:])
    assert (array[3] == 7).all()


def test_changes_to_a_shared_map_are_not_lost(tmp_path):
    array = kept(tmp_path, np.zeros((10, 4096), np.uint8), "r+")
    array[3] = 7
    mapped.give_back(array)
    assert (array[3] == 7).all()
    assert (np.load(tmp_path / "array.npy")[3] == 7).all()


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="needs madvise")
def test_the_memory_of_the_process_does_not_grow_with_the_data(tmp_path):
    np.lib.format.open_memmap(tmp_path / "array.npy", "w+", np.uint8, (400, 1 << 20))  # 400 MiB, sparse
    array = np.load(tmp_path / "array.npy", mmap_mode="r")
    data = Data(x_train=array[:300], y_train=np.zeros(300), x_test=array[300:], y_test=np.zeros(100))
    before = most = psutil.Process().memory_info().rss

    def look():
        nonlocal most
        most = max(most, psutil.Process().memory_info().rss)

    for part in mapped.parts(data.x_train):
        assert not part.any()
        look()
    order = np.random.default_rng(0).permutation(300)
    for start in range(0, 300, 30):
        assert not mapped.gathered(data.x_train, order[start : start + 30]).any()
        look()
    assert most - before < 150 << 20
