"""The JSON document: what it may say, what it means, and every problem with its place.

pydantic and the standard library only, so that a document is checked in milliseconds.
"""

from quickml.spec.document import Spec
from quickml.spec.parse import read, understand
from quickml.spec.plan import Plan

__all__ = ["Plan", "Spec", "read", "understand"]
