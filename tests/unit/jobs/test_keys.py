"""Keys that servers share: each is made once."""

import threading

import pytest

from job_examples import DATABASES, opened
from quickml.jobs.keys import KeyStore


@pytest.mark.parametrize("kind", DATABASES)
def test_a_key_is_that_of_whoever_was_first(tmp_path, kind):
    database = opened(tmp_path / "quickml.db", kind)
    keys, found = KeyStore(database), []
    threads = [
        threading.Thread(target=lambda number=number: found.append(keys.get("a", bytes([number] * 32))))
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert keys.get("a", b"\7" * 32) == found[0]
    assert keys.get("b", b"\7" * 32) == b"\7" * 32
    database.close()
