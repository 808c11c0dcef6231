"""Waiting for what comes about by itself, in another process or thread."""

import time


def until(condition, what="it", *, patience_s=60.0):
    """Wait until something is so, and give it."""
    deadline = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)
    return found
