"""Compiled templates, kept between processes beside the compiled modules: compiling them takes 0.1 s."""

from __future__ import annotations

import hashlib
import sys
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import jinja2
from jinja2.bccache import Bucket, FileSystemBytecodeCache

from quickml._version import __version__


class CompiledTemplates(FileSystemBytecodeCache):
    """Cache for an environment with these options. Like Python's, it is used if its folder can be written.

    Jinja checks whether the text of a template has changed, but not the options.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        kind = f"{__version__} {jinja2.__version__} {options}"  # a filter of a constant is applied once
        name = f"template-{hashlib.sha256(kind.encode()).hexdigest()[:16]}-%s.cache"
        super().__init__(str(Path(cache_from_source(__file__)).parent), name)

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load the code of a template, unless it belongs to another text or is damaged."""
        try:
            super().load_bytecode(bucket)
        except Exception:  # of a damaged file, of any kind
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Store the code of a template, if the folder can be written."""
        if not sys.dont_write_bytecode:
            with suppress(OSError):
                super().dump_bytecode(bucket)
