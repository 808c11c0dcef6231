"""The main loop of a worker: what it cannot read ends it."""

import socket
import threading
from contextlib import closing

from quickml.storage.addresses import Addresses
from quickml.worker.channel import Channel
from quickml.worker.loop import Loop
from quickml.worker.options import WorkerOptions


def test_a_message_that_cannot_be_understood_ends_the_worker(tmp_path, capsys):
    """As of a server of another version: otherwise it would send heartbeats for ever, and do nothing."""
    ours, theirs = map(Channel, socket.socketpair())
    addresses = Addresses.of_paths(database=tmp_path / "jobs.db", files=tmp_path / "artifacts")
    ended = threading.Event()
    options = WorkerOptions(addresses=addresses, scratch=tmp_path)
    loop = Loop(theirs, options, work=None, at_end=ended.set)
    listener = threading.Thread(target=loop._listen, daemon=True)
    with closing(theirs), closing(ours):
        listener.start()
        ours.send("attempt", number=1, of_another_version=True)
        assert ended.wait(20)
        listener.join()
    assert "of_another_version" in capsys.readouterr().err
