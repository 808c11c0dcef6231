"""JSON Patch (RFC 6902): changes to a JSON document, as a list of operations."""

from quickml.patch.apply import Operation, Patch, applied

__all__ = ["Operation", "Patch", "applied"]
