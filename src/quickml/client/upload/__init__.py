"""Uploads that resume."""
