"""Pictures of the user: a folder for each class, an archive of it, or a list; decoded once, kept as pixels.

Importing this package imports neither numpy nor any module that a document without pictures does not need.
"""

from quickml.pictures.catalog import LocalPictures

__all__ = ["LocalPictures"]
