"""The version of QuickML."""

__version__ = "0.1.0"
