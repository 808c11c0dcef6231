"""Files with compressed weights, made of files with float32 weights, and back.

Both ways go from file to file. So what is compressed is what was written, with its names, labels and texts,
and what coremltools decompresses is what a phone is given.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quickml.document.export import Weights
from quickml.errors import CompileError
from quickml.export.coreml.compress.network import compress_network, decompress_network
from quickml.export.coreml.compress.program import compress_program
from quickml.export.coreml.conversion import quiet
from quickml.export.coreml.library import coremltools
from quickml.export.coreml.package import MESSAGE, save


def compress(file: Path, form: Weights, folder: Path, *, sparsity: float = 0.5) -> Path | None:
    """Write a file once more, with compressed weights, under its own name in another folder.

    Matrices too small to gain stay float32, as do biases and what scales features.

    Args:
        file: a `.mlmodel` or `.mlpackage` of ours, float32; a package for a system that reads the form.
        form: one of `forms.LOSSY`.
        folder: takes the file.
        sparsity: for `pruned`, the share of each matrix's weights that becomes 0.

    Returns:
        The new file; None, and no file, where nothing in it would get smaller.

    Raises:
        CompileError: coremltools cannot compress it.
    """
    description, target = _description(file), folder / file.name
    with quiet():
        if file.suffix == ".mlmodel":
            return save(description, None, target) if compress_network(description, form) else None
        program = _program(file, description)
        passes = compress_program(program, form, sparsity)
        if not passes:
            return None
        try:
            changed = _written(program, description, passes)
        except (ValueError, TypeError, NotImplementedError, RuntimeError) as error:
            raise CompileError(f"{file.name}: coremltools could not write {form} ({error})") from error
        return save(changed.get_spec(), changed.weights_dir, target)


def decompress(file: Path, folder: Path) -> Path:
    """Write a file once more, its weights decompressed to float32 by coremltools."""
    from coremltools.optimize.coreml._quantization_passes import WeightDecompressor

    description, target = _description(file), folder / file.name
    with quiet():
        if file.suffix == ".mlmodel":
            return save(decompress_network(description), None, target)
        program = _program(file, description)
        WeightDecompressor(op_selector=lambda _: True).apply(program)
        changed = _written(program, description, {})
        return save(changed.get_spec(), changed.weights_dir, target)


def _description(file: Path) -> Any:
    """The protobuf message. coremltools, when it opens a package, rewrites the manifest: so we read."""
    message = coremltools().proto.Model_pb2.Model()
    message.ParseFromString((file / MESSAGE if file.is_dir() else file).read_bytes())
    return message


def _program(file: Path, description: Any) -> Any:
    from coremltools.converters.mil.frontend.milproto.load import load

    return load(description, description.specificationVersion, str((file / MESSAGE).parent / "weights"))


def _written(program: Any, description: Any, passes: dict[str, dict[str, Any]]) -> Any:
    """A program as a model again, with the description that it had, and no other passes than these.

    `coremltools.optimize` would run the 90 that it has, one of which forgets the epsilon of a
    BatchNormalization.
    """
    from coremltools.converters.mil.converter import mil_convert

    pipeline = coremltools().PassPipeline(pass_names=list(passes), pipeline_name="quickml")
    for name, options in passes.items():
        pipeline.set_options(name, options)
    return mil_convert(
        program,
        convert_from="milinternal",
        convert_to="mlprogram",
        specification_version=description.specificationVersion,
        compute_units=coremltools().ComputeUnit.ALL,
        model_description=description.description,
        skip_model_load=True,
        main_pipeline=pipeline,
    )
