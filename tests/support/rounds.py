"""How often a test that relies on chance tries, and its seed. `pytest --full` tries more often, `--seed N` repeats.

Without `--seed` the seed is the commit: every commit tries something else, and the same commit always the same.
Test modules read both while they are imported, so `tests/conftest.py` sets them before.
"""

import subprocess
from pathlib import Path

is_full = False
seed = 1


def choose(*, few, full):
    """How many rounds, seconds or examples: few in CI, more with `--full`."""
    return full if is_full else few


def seed_of_commit():
    """A number made of the commit; 1 where there is no repository."""
    command = ["git", "rev-parse", "--short=8", "HEAD"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return 1
    return int(done.stdout.strip()[:8], 16)
