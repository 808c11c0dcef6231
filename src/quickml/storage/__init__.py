"""Databases and artifact stores, opened by address."""
