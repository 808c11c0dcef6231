"""Checksums of a whole and of its parts."""

import hashlib
import io

import pytest

from quickml.files.digest import PART_BYTES, digest, sha256_of


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 20, 25])
def test_a_stream_is_digested_in_parts_while_it_is_copied(size):
    content, copy = bytes(range(size)), io.BytesIO()
    found = digest(io.BytesIO(content), copy_to=copy, part_bytes=10)
    assert copy.getvalue() == content
    assert (found.sha256, found.size_bytes, found.part_size_bytes) == (sha256(content), size, 10)
    assert found.parts == tuple(sha256(content[at : at + 10]) for at in range(0, size, 10))


def test_no_more_than_one_part_is_in_memory():
    class Endless(io.RawIOBase):
        left = 100

        def read(self, count=-1):
            assert count == PART_BYTES
            self.left -= 1
            return b"x" * count if self.left >= 0 else b""

    assert digest(Endless()).size_bytes == 100 * PART_BYTES


def test_a_file(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    assert sha256_of(tmp_path / "file") == sha256(b"content")
