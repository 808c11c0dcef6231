"""The JSON document: what it may say, what it means, and every problem with its place.

pydantic and the standard library only, so that a document is checked in milliseconds.
"""

from quickml.document.document import Document
from quickml.document.parse import read, restore, understand
from quickml.document.plan import Plan

__all__ = ["Document", "Plan", "read", "restore", "understand"]
