"""The documents in examples/: valid, told of in their README, and run from end to end with few samples."""

import json
import re
from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest

from commands import quickml
from quickml import events
from quickml.document import read
from quickml.film import Film

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "examples").glob("*.json"))
README = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")


def named(path):
    return path.stem


def test_there_are_examples_and_the_readme_has_them_all():
    assert {"mnist_resnet", "mnist_inception"} <= {path.stem for path in EXAMPLES}
    assert {path.name for path in EXAMPLES} == set(re.findall(r"\]\((\w+\.json)\)", README))


@pytest.mark.parametrize("path", EXAMPLES, ids=named)
def test_an_example_is_valid_and_as_large_as_the_readme_says(path):
    plan = read(path.read_bytes())
    assert plan.notices == ()
    (row,) = [line for line in README.splitlines() if line.startswith(f"| [{path.name}]")]
    assert f"| {plan.graph.parameters.total:,} |" in row
    assert plan.graph.parameters.total < 200_000


@pytest.mark.parametrize("path", EXAMPLES, ids=named)
def test_an_example_runs_from_end_to_end(path, tmp_path):
    document = json.loads(path.read_text(encoding="utf-8"))
    document["dataset"] = smaller(document["dataset"])
    document["training"]["epochs"] = 1
    document["training"].pop("max_seconds", None)
    (tmp_path / "spec.json").write_text(json.dumps(document))
    done = quickml("run", tmp_path / "spec.json", "--json", "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    last = events.from_json(done.stdout.splitlines()[-1])
    assert last.type == "verified"
    assert all(parity.largest_difference <= parity.tolerance for parity in last.parity)
    formats = document.get("export", {}).get("formats", ["mlmodel", "mlpackage"])
    assert {f"model.{kind}" for kind in formats} <= {file.name for file in (tmp_path / "out").iterdir()}
    drawn = quickml("film", tmp_path / "out", "--strip", 3)
    assert drawn.stdout.startswith(f"{tmp_path / 'out' / 'film.png'}  3 of "), drawn.stderr
    film = b64encode((tmp_path / "out" / "film.bin").read_bytes()).decode()
    assert film in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    is_filmed(tmp_path / "out" / "film.bin", read(json.dumps(document)))


def is_filmed(path, plan):
    """The film of one epoch has several frames, and all that a film shows of such data."""
    film = Film.read(path)
    numbers = [frame.number for frame in film.frames]
    assert numbers == sorted({*numbers, 0, film.header["steps_per_epoch"]})
    assert len(numbers) > 2
    groups = {name.partition("/")[0] for name in film.frames[0].parts}
    assert {"probes", "activation", "histogram"} <= groups
    convolution = any(node.layer.type.endswith(("Conv1D", "Conv2D")) for node in plan.graph.nodes)
    assert ("filters" in groups) == convolution
    assert (groups >= {"grid", "unit", "weights"}) == (plan.info.shape == (2,))
    assert all(np.isfinite(frame.parts[name]).all() for frame in film.frames for name in frame.parts)
    assert path.stat().st_size < 100_000


def smaller(dataset):
    """Three hundred samples, where the dataset lets itself be cut."""
    options = {"name": dataset} if isinstance(dataset, str) else dataset
    fields = read_fields(options["name"])
    return (
        {**options, "num_samples": min(300, options.get("num_samples", 300))}
        if "num_samples" in fields
        else options
    )


def read_fields(name):
    from quickml.datasets.builtin import BUILT_IN

    return set(BUILT_IN[name].model_fields)
