"""The names of the weights inside a Core AI program, made the same in every run.

Large constants of an MLIR module are resources, kept apart from it under a name. The converter's names hold a
hash with a seed that each process draws anew, so the bytes of two runs would differ, even in length.
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
    """Call them `weights_0`, `weights_1`, ... in the order of their use.

    MLIR's Python bindings cannot read a resource, but print it; reading it there takes about five times its
    size in memory for a moment.
    """
    from coreai._compiler.ir import DenseResourceElementsAttr

    module = program._module._mlir_module  # no public way (coreai-core 1.0.0b3)
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
