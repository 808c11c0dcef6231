"""Recordings of the user: windows of sensor columns, from a .csv file or from a folder for each label.

Importing this package imports neither numpy nor any module that a document without recordings does not need.
"""

from quickml.recordings.catalog import LocalRecordings

__all__ = ["LocalRecordings"]
