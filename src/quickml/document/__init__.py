"""The JSON document: its syntax, its meaning, and all of its problems with their JSON pointers.

Imports pydantic and the standard library only, so that checking a document takes milliseconds.
"""

from quickml.document.document import Document
from quickml.document.parse import read, restore, understand
from quickml.document.plan import Plan

__all__ = ["Document", "Plan", "read", "restore", "understand"]
