"""Tables of the user: CSV files are read, and described for documents.

Importing this package imports neither numpy nor any module that a document without a table does not need.
"""

from quickml.tables.catalog import LocalTables

__all__ = ["LocalTables"]
