"""Compress the float32 weights of a file, and decompress them again.

Both directions work on files. Compression therefore keeps the names, labels and metadata of the written file,
and coremltools decompresses exactly the file that a phone receives.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quickml.document.export import Weights
from quickml.errors import CompileError
from quickml.export.coreml.compress.network import compress_network, decompress_network
from quickml.export.coreml.compress.program import compress_program
from quickml.export.coreml.conversion import quiet
from quickml.export.coreml.fast import fast
from quickml.export.coreml.library import coremltools
from quickml.export.coreml.package import MESSAGE, save
from quickml.export.coreml.pipeline import with_network
from quickml.export.coreml.reading.contents import network_of


def compress(file: Path, form: Weights, folder: Path, *, sparsity: float = 0.5) -> Path | None:
    """Write a copy of a file with compressed weights, with the same name in another folder.

    Biases, the constants that scale features, and matrices too small to gain stay float32.

    Args:
        file: a float32 `.mlmodel` or `.mlpackage` written by QuickML. A package must have a minimum system
            that can read the form.
        form: one of `forms.LOSSY`.
        folder: the folder to write to.
        sparsity: for `pruned`, the share of each matrix's weights that is set to 0.

    Returns:
        The path of the new file, or None if no matrix would become smaller; then no file is written.

    Raises:
        CompileError: coremltools cannot compress it.
    """
    description, target = _description(file), folder / file.name
    network = network_of(description)
    with quiet():
        if file.suffix == ".mlmodel":
            return save(description, None, target) if compress_network(network, form) else None
        program = _program(file, network)
        passes = compress_program(program, form, sparsity)
        if not passes:
            return None
        try:
            changed = _written(program, network, passes)
        except (ValueError, TypeError, NotImplementedError, RuntimeError) as error:
            raise CompileError(f"{file.name}: coremltools could not write {form} ({error})") from error
        return save(with_network(description, changed.get_spec()), changed.weights_dir, target)


def decompress(file: Path, folder: Path) -> Path:
    """Write a copy of a file with its weights decompressed to float32 by coremltools."""
    from coremltools.optimize.coreml._quantization_passes import WeightDecompressor

    description, target = _description(file), folder / file.name
    network = network_of(description)
    with quiet():
        if file.suffix == ".mlmodel":
            return save(with_network(description, decompress_network(network)), None, target)
        program = _program(file, network)
        WeightDecompressor(op_selector=lambda _: True).apply(program)
        changed = _written(program, network, {})
        return save(with_network(description, changed.get_spec()), changed.weights_dir, target)


def _description(file: Path) -> Any:
    """The protobuf message, read directly: coremltools would rewrite the manifest of a package."""
    message = coremltools().proto.Model_pb2.Model()
    message.ParseFromString((file / MESSAGE if file.is_dir() else file).read_bytes())
    return message


def _program(file: Path, description: Any) -> Any:
    from coremltools.converters.mil.frontend.milproto.load import load

    return load(description, description.specificationVersion, str((file / MESSAGE).parent / "weights"))


def _written(program: Any, description: Any, passes: dict[str, dict[str, Any]]) -> Any:
    """Convert a program to a model with its original description, running only these passes.

    `coremltools.optimize` would run all of its 90 passes, one of which ignores the epsilon of a
    BatchNormalization.
    """
    from coremltools.converters.mil.converter import mil_convert

    pipeline = coremltools().PassPipeline(pass_names=list(passes), pipeline_name="quickml")
    for name, options in passes.items():
        pipeline.set_options(name, options)
    with fast():
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
