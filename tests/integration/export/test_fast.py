"""coremltools' conversion without what only its developers need: the same files, and the patches leave no trace."""

import contextlib
import hashlib

import pytest

from quickml.export.coreml import compress, conversion
from quickml.export.coreml.emit import emit
from quickml.export.coreml.library import coremltools
from quickml.export.coreml.package import write
from untrained import plan_of, untrained

KINDS = ("mlmodel", "mlpackage")


@pytest.fixture(scope="module")
def trained():
    layers = (
        {"type": "GRU", "units": 16},
        {"type": "Dense", "units": 64, "activation": "relu"},
        {"type": "Dense", "units": 4, "activation": "softmax"},
    )
    dataset = {"name": "waves", "num_samples": 100, "steps": 16}
    return untrained(plan_of(*layers, dataset=dataset, export={"minimum_ios": 18}), count=8)


def checksums(path):
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()]


@pytest.mark.parametrize("kind", KINDS)
def test_files_are_the_same_as_without_it(trained, kind, tmp_path, monkeypatch):
    found = []
    for folder in (tmp_path / "fast", tmp_path / "slow"):
        (folder / "small").mkdir(parents=True)
        path = write(trained, kind, folder)
        small = compress.compress(path, "palettized-4", folder / "small")
        found.append((checksums(path), checksums(small)))
        for module in (conversion, compress):
            monkeypatch.setattr(module, "fast", contextlib.nullcontext)
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_program_is_still_refused(trained, kind):
    target = conversion.target_of(kind)
    program = emit(trained.plan.graph, trained.weights, input_names=("sequence",), opset=target)
    operation = program.functions["main"].operations[-1]
    operation.inputs["x"].child_ops.append(operation)  # as if the operation took it twice
    with pytest.raises(Exception, match="should be consumed by op"):
        conversion.convert(program, kind, target)


def test_coremltools_is_as_before_afterwards(trained, tmp_path):
    coremltools()
    from coremltools.converters.mil.mil import Block, Program

    before = (Program.__str__, Program.validate, Block._propagate_nonreplaceable_vars)
    write(trained, "mlpackage", tmp_path)
    assert (Program.__str__, Program.validate, Block._propagate_nonreplaceable_vars) == before
