"""The process: `python -m quickml.worker OPTIONS CHANNEL`, started by a supervisor only."""

from __future__ import annotations

import socket
import sys

from quickml import pipeline
from quickml.worker import options, process
from quickml.worker.channel import Channel
from quickml.worker.loop import Loop


def main() -> None:
    """Serve until the supervisor closes the channel."""
    process.harden_process()
    channel = Channel(socket.socket(fileno=int(sys.argv[2])))
    Loop(channel, options.from_json(sys.argv[1]), work=pipeline, at_end=process.end_group).serve()


if __name__ == "__main__":
    main()
