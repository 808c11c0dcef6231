"""The command line: `quickml run`, `validate`, `inspect`, `predict`, `schema`."""

from quickml.cli.app import main

__all__ = ["main"]
