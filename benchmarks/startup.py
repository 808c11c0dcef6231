"""What commands take before they work: processes of their own, in turn with `python -c pass`.

    python benchmarks/startup.py             # half a minute: `validate`, and where a run of Iris spends time
    python benchmarks/startup.py --runs 31

Prints the medians, and one line per promise, as `against_reference.py` does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from datetime import datetime
from itertools import pairwise

from against_reference import process, promise

QUICKML = [sys.executable, "-c", "from quickml.cli import main; main()"]
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "quickml --version": [*QUICKML, "--version"],
    "quickml validate mnist_cnn.json": [*QUICKML, "validate", "mnist_cnn.json"],
}
STAGES = ("started", "built", "trained", "compiled", "verified")


def commands(runs: int) -> None:
    found: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, command in COMMANDS.items():
            found[name].append(process(command, lambda _: {}).seconds)
    least, *others = (statistics.median(seconds) for seconds in found.values())
    for name, median in zip(list(COMMANDS)[1:], others, strict=True):
        print(f"        {name}: {median:.3f} s, {median / least:.1f} times `python -c pass`", flush=True)
    promise("quickml validate of mnist_cnn, whole process, median s", others[-1], at_most=0.2)


def iris(runs: int) -> None:
    """The moments that the events of a run carry, from the start to the end of its process."""
    found: dict[str, list[float]] = {}
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "main.py", "iris_spec.json", "--json", "--out", f"{folder}/result"]
            moments = [("start", time.time())]
            told = process(command, lambda out: {"lines": out.splitlines()}).told["lines"]
            events = [json.loads(line) for line in told]
            moments += [
                (e["type"], datetime.fromisoformat(e["time"]).timestamp())
                for e in events
                if e["type"] in STAGES
            ]
            moments.append(("end", time.time()))
        for (_, began), (name, ended) in pairwise(moments):
            found.setdefault(name, []).append(ended - began)
    parts = (f"to {name} {statistics.median(seconds):.2f}" for name, seconds in found.items())
    print(f"        Iris: {', '.join(parts)} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=15, help="of each command; of Iris a third of them")
    asked = parser.parse_args()
    commands(asked.runs)
    iris(max(1, asked.runs // 3))


if __name__ == "__main__":
    main()
