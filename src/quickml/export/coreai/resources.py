"""Give the weights of a Core AI program names that are the same in every run.

Large constants of an MLIR module are resources, stored outside the module under a name. The converter's names
contain a hash whose seed differs in each process, so that the files of two runs would differ, even in length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

_BLOB = re.compile(r'^\s*(\w+): "0x([0-9A-F]+)",?$', re.MULTILINE)
_ALIGNMENT_BYTES = 4
"""A blob is printed as its alignment (u32, little-endian), then its bytes (MLIR's `AsmResourceBlob`)."""


def name_resources(program: Any) -> None:
    """Rename the resources to `weights_0`, `weights_1`, ... in order of use.

    MLIR's Python bindings cannot read a resource, but they can print it. Parsing the printed text temporarily
    needs about five times the size of the weights in memory.
    """
    from coreai._compiler.ir import DenseResourceElementsAttr

    module = program._module._mlir_module  # not available in the public API (coreai-core 1.0.0b3)
    blobs = dict(_BLOB.findall(module.operation.get_asm()))
    renamed: dict[str, Any] = {}
    with module.context:
        for constant in _constants(module.operation):
            value = constant.attributes["value"]
            if not DenseResourceElementsAttr.isinstance(value):
                continue
            text = str(value)  # `dense_resource<NAME> : TYPE`; equal weights may share a name
            if text not in renamed:
                blob = bytes.fromhex(blobs[text[text.index("<") + 1 : text.index(">")]])
                renamed[text] = DenseResourceElementsAttr.get_from_buffer(
                    np.frombuffer(blob[_ALIGNMENT_BYTES:], np.uint8),
                    f"weights_{len(renamed)}",
                    value.type,
                    alignment=int.from_bytes(blob[:_ALIGNMENT_BYTES], "little"),
                )
            constant.attributes["value"] = renamed[text]


def _constants(operation: Any) -> Iterator[Any]:
    if operation.name == "coreai.constant":
        yield operation
    for region in operation.regions:
        for block in region.blocks:
            for inner in block.operations:
                yield from _constants(inner.operation)
