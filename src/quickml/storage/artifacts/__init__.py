"""Finished files, addressed by their content."""
