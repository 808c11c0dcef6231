"""Subprocess that converts a `.keras` file to a torch program, a Core AI program and a `.aimodel`.

Started by `asset.write`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import coreai_torch
import torch
from coreai.runtime import AIModelAssetMetadata

from quickml.export.coreai.process import serve
from quickml.export.coreai.resources import name_resources

_ATTENTION = torch.ops.aten.scaled_dot_product_attention.default


def convert(folder: Path, order: Mapping[str, Any]) -> None:
    """Write the file at `order["path"]`; `asset.write` creates the order."""
    del folder
    path = Path(order["path"])
    program = _program(order)
    name_resources(program)
    program.save_asset(path, _metadata(order))
    _settle(path / "metadata.json")


def _program(order: Mapping[str, Any]) -> Any:
    """The model as a Core AI program for a batch of 1, with the input and output names that apps use."""
    from quickml.training.on_torch import load

    model = load(Path(order["keras_file"]), both=order["both"])
    source = model.inputs[0]
    sample = torch.zeros((1, *source.shape[1:]), dtype=getattr(torch, source.dtype))
    exported = torch.export.export(model, (sample,), strict=False)
    # RELEASE: debugging information would contain stack traces with the paths of this machine
    converter = coreai_torch.TorchConverter(mode=coreai_torch.TorchConverter.Mode.RELEASE)
    exported = exported.run_decompositions(_decompositions(exported))
    names = {"input_names": [order["input"]], "output_names": [order["output"]]}
    converter.add_exported_program(exported, **names)
    return converter.to_coreai()


def _decompositions(exported: Any) -> Any:
    """Apple's table of operations to decompose, plus those that its converter (0.4.3) does not support."""
    table = coreai_torch.get_decomp_table()
    table.update(torch._decomp.get_decompositions([torch.ops.aten.elu]))
    if any(node.target is _ATTENTION and _is_uneven(node) for node in exported.graph.nodes):
        table[_ATTENTION] = torch.export.default_decompositions()[_ATTENTION]
    return table


def _is_uneven(attention: Any) -> bool:
    """Whether values and queries differ in size, which the converter does not support."""
    query, _, value = (argument.meta["val"] for argument in attention.args[:3])
    return bool(query.shape[-1] != value.shape[-1])


def _metadata(order: Mapping[str, Any]) -> Any:
    metadata = AIModelAssetMetadata()
    metadata.author, metadata.license = order["author"], order["license"]
    metadata.model_description = order["description"]
    for key, value in order["facts"].items():
        metadata.set_custom(key, value)
    return metadata


def _settle(metadata: Path) -> None:
    """Make the bytes reproducible: remove the date and sort the keys."""
    content = json.loads(metadata.read_text(encoding="utf-8"))
    content.pop("creationDate", None)
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False)
    metadata.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    serve(convert)
