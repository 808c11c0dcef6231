"""Arrays of the user: NumPy's .npz files and IDX files, whose values are the samples; read safely, never run.

Importing this package imports neither numpy nor any module that a document without arrays does not need.
"""

from quickml.arrays.catalog import LocalArrays

__all__ = ["LocalArrays"]
