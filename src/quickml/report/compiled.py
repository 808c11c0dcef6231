"""Compiled templates, kept between processes beside the compiled modules: compiling them takes 0.1 s."""

from __future__ import annotations

import hashlib
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import jinja2
from jinja2.bccache import Bucket, FileSystemBytecodeCache


class CompiledTemplates(FileSystemBytecodeCache):
    """For an environment with these options. Like Python, it writes where it may, and reads what fits.

    Jinja's cache itself compares the text of a template, but not the options.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        kind = hashlib.sha256(f"{jinja2.__version__} {options}".encode()).hexdigest()[:16]
        super().__init__(str(Path(__file__).with_name("__pycache__")), f"template-{kind}-%s.cache")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take the code of a template, unless it is another one's or damaged."""
        try:
            super().load_bytecode(bucket)
        except Exception:  # of a damaged file, of any kind
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template, if the folder can be written."""
        if not sys.dont_write_bytecode:
            with suppress(OSError):
                super().dump_bytecode(bucket)
