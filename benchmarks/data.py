"""What learning from one's own data costs, against doing it by hand: on this machine, in turn.

    python benchmarks/data.py table    # a table of 10,000 rows, whole processes by turns: two minutes
    python benchmarks/data.py upload   # a file of 1 GB, cut 20 times and once clean: two minutes
    python benchmarks/data.py csv      # a CSV file of 443 MB, read and typed, and read by pandas: one minute
    python benchmarks/data.py pictures # 50,000 JPEG of two sizes; 8 GB of disk: ten minutes, or --full
    python benchmarks/data.py map      # training from a memory map, from memory, with `fit`: ten minutes
    python benchmarks/data.py memory   # the estimated memory against peaks of whole processes: two minutes
    python benchmarks/data.py all

Prints one line per promise: the figure, what it may be at most, and whether it is kept. The script by hand
needs pandas, which QuickML does not use: `python -m pip install pandas`, or `--pandas` with the Python of
another environment that has pandas and TensorFlow.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from against_reference import ROOT, Run, process, promise, shown
from own_pictures import mapped, memory, pictures
from quickml import Client
from service import note, parser_of, run, serving

sys.path.insert(0, str(ROOT / "tests" / "support"))
from cutting_proxy import CuttingProxy

HERE = Path(__file__).resolve().parent
ROWS, EPOCHS = 10_000, 20
LARGE_BYTES = 443_000_000
GIGABYTE, CUTS = 1_000_000_000, 20
DISTRICTS = ("Mitte", "Nord", "Süd", "Ost", "West")


def table(asked: argparse.Namespace) -> None:
    """Typing, training, both formats and their verification, against pandas and Keras without Core ML."""
    ratios, accuracies = [], []
    with tempfile.TemporaryDirectory() as folder:
        document = _document(Path(folder))
        for number in range(asked.runs or 5):
            theirs = _by_hand(asked.pandas, document)
            ours = _ours(document, Path(folder) / f"result-{number}")
            shown("by hand", theirs, theirs.told["test_accuracy"])
            shown("quickml", ours, ours.told["metrics"]["accuracy"])
            ratios.append(ours.seconds / theirs.seconds)
            accuracies.append(ours.told["metrics"]["accuracy"] - theirs.told["test_accuracy"])
    promise(f"table of {ROWS:,} rows, whole process, median ratio", statistics.median(ratios), at_most=0.6)
    promise("table, test accuracy above that by hand, median", statistics.median(accuracies), at_least=-0.02)


def _document(folder: Path) -> Path:
    """A table with numbers, categories and missing values, and a document with the network of the script."""
    draw = random.Random(1)
    with (folder / "flats.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*(f"number_{index}" for index in range(12)), "district", "heating", "class"])
        for _ in range(ROWS):
            numbers = [round(draw.gauss(0, 1 + index), 3) for index in range(12)]
            district, heating = draw.choice(DISTRICTS), draw.choice(("gas", "wood", "none"))
            score = numbers[0] + numbers[1] * numbers[2] + DISTRICTS.index(district) + draw.gauss(0, 0.5)
            label = ("low", "middle", "high")[(score > 0.5) + (score > 3.5)]
            missing = [number if draw.random() > 0.03 else "" for number in numbers]
            rows.writerow([*missing, district, heating, label])
    document = folder / "flats.json"
    layers = [
        {"type": "Dense", "units": 64, "activation": "relu"},
        {"type": "Dense", "units": 32, "activation": "relu"},
        {"type": "Dense", "units": 3, "activation": "softmax"},
    ]
    document.write_text(
        json.dumps(
            {
                "name": "flats",
                "dataset": {"name": "table", "file": "flats.csv", "target": "class"},
                "model": {"layers": layers},
                "training": {"epochs": EPOCHS, "batch_size": 32, "optimizer": "adam"},
            }
        )
    )
    return document


def _by_hand(python: str, document: Path) -> Run:
    script, file = str(HERE / "table_by_hand.py"), str(document.with_suffix(".csv"))
    command = [python, script, file, "class", str(EPOCHS)]
    return process(command, lambda text: json.loads(text.splitlines()[-1]))


def _ours(document: Path, out: Path) -> Run:
    command = [sys.executable, str(ROOT / "main.py"), str(document), "--out", str(out)]
    return process(command, lambda _: json.loads((out / "report.json").read_text()))


def large_csv(asked: argparse.Namespace) -> None:
    """Reading and typing in a process of its own, against `pandas.read_csv`; the memory at its highest."""
    ratios, memories = [], []
    with tempfile.TemporaryDirectory(dir=asked.data) as folder:
        file = _large_file(Path(folder) / "flats.csv")
        for _ in range(asked.runs or 3):
            theirs, ours = _read_by(asked.pandas, PANDAS, file), _read_by(sys.executable, QUICKML, file)
            note(f"pandas: {theirs['seconds']:.2f} s, {theirs['memory_mb']:,.0f} MB; {theirs['rows']:,} rows")
            note(f"quickml: {ours['seconds']:.2f} s, {ours['memory_mb']:,.0f} MB; {ours['rows']:,} rows")
            if theirs["rows"] != ours["rows"]:
                sys.exit("they have not read the same")
            ratios.append(ours["seconds"] / theirs["seconds"])
            memories.append(ours["memory_mb"] / theirs["memory_mb"])
    promise("443 MB CSV read and typed, of pandas' time, median", statistics.median(ratios), at_most=0.6)
    promise("443 MB CSV, of the memory of pandas, median", statistics.median(memories), at_most=0.45)


PANDAS = """
import pandas
rows = len(pandas.read_csv(sys.argv[1]))
"""
QUICKML = """
from pathlib import Path
from quickml.tables.read import read
from quickml.tables.types import typed
table = read(Path(sys.argv[1]), "flats.csv")
for name, cells in table.columns.items():
    typed(cells, name, table.dialect)
rows = table.rows
"""
MEASURED = """
print(json.dumps({"seconds": time.perf_counter() - began, "rows": rows,
                  "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6}))
"""
HIDDEN = "sys.modules['pyarrow'] = None"
"""Pandas does not need pyarrow, and a plain installation has none."""


def _read_by(python: str, script: str, file: Path) -> dict[str, float]:
    begin = "import json, resource, sys, time\nbegan = time.perf_counter()\n"
    hidden = f"{HIDDEN}\n" if script is PANDAS else ""
    done = subprocess.run(
        [python, "-c", begin + hidden + script + MEASURED, str(file)], check=True, stdout=subprocess.PIPE
    )
    return json.loads(done.stdout)


def _large_file(path: Path) -> Path:
    """Dates, texts, categories and numbers with gaps; after 300,000 rows, they repeat."""
    draw = random.Random(1)
    numbers = [f"number_{index}" for index in range(8)]
    rows = []
    for _ in range(300_000):
        given = [f"{draw.gauss(0, 1 + index):.3f}" if draw.random() > 0.03 else "" for index in range(6)]
        counted = [str(draw.randrange(10)), str(draw.randrange(100_000))]
        day = f"20{draw.randrange(10, 25)}-{draw.randrange(1, 13):02d}-{draw.randrange(1, 29):02d}"
        text = f"{draw.choice(DISTRICTS)} {draw.randrange(10**7)}"
        words = [draw.choice(DISTRICTS), draw.choice(("gas", "wood", "none")), draw.choice(("low", "high"))]
        rows.append(",".join([day, text, *given, *counted, *words]) + "\n")
    block = "".join(rows).encode()
    with path.open("wb") as stream:
        stream.write((",".join(["day", "address", *numbers, "district", "heating", "class"]) + "\n").encode())
        while len(part := block[: block.rfind(b"\n", 0, LARGE_BYTES - stream.tell()) + 1]):
            stream.write(part)
    return path


def upload(asked: argparse.Namespace) -> None:
    """Through a proxy that cuts the connection at random places, and once without cuts."""
    draw = random.Random(3)
    with tempfile.TemporaryDirectory(dir=asked.data) as folder, serving(asked) as server:
        file = Path(folder) / "recordings.bin"
        with file.open("wb") as stream:
            for _ in range(GIGABYTE // 1_000_000):
                stream.write(os.urandom(1_000_000))
        port = int(server.address.rpartition(":")[2])
        with Client(server.address) as client:
            list(client.files())  # what the first request loads is no growth
        time.sleep(2)
        before = server.memory_mb()
        # Bytes of a connection, in all fewer than the file has: every cut is made.
        most = GIGABYTE // CUTS * 9 // 10
        cuts = [draw.randrange(most // 2, most) for _ in range(CUTS)]
        cut, seconds = _sent(port, file, cuts)
        growth = server.memory_mb() - before
        note(f"cut {CUTS} times: {seconds:.1f} s; memory of the server grew by {growth:.1f} MB")
        with Client(server.address) as client:
            client.delete_file(next(client.files()).sha256)
        clean, seconds = _sent(port, file, [])
        note(f"clean: {seconds:.1f} s")
    promise("1 GB cut 20 times, of the bytes of a clean upload", cut / clean, at_most=1.2)
    promise("memory of the server meanwhile, MB", growth, at_most=20.0)


def _sent(port: int, file: Path, cuts: list[int]) -> tuple[int, float]:
    """The bytes that the client sent, and the seconds that it took."""
    began = time.perf_counter()
    with CuttingProxy(port, cuts) as proxy:
        with Client(proxy.url, patience_s=120) as client:
            client.upload(file)
        if proxy.cuts:
            sys.exit(f"{len(proxy.cuts)} cuts were not made")
        return proxy.sent_bytes, time.perf_counter() - began


PARTS = {
    "table": table,
    "csv": large_csv,
    "upload": upload,
    "pictures": pictures,
    "map": mapped,
    "memory": memory,
}


def main() -> None:
    parser = parser_of(__doc__, PARTS)
    parser.add_argument("--runs", type=int, help="instead of 5 of the table, 3 of others")
    parser.add_argument("--quick", action="store_true", help="fewer pictures: a minute or two")
    parser.add_argument("--full", action="store_true", help="all 10 epochs of Keras' folder utility, not 2")
    parser.add_argument("--pandas", default=sys.executable, help="a Python with pandas and TensorFlow")
    run(parser, PARTS)


if __name__ == "__main__":
    main()
