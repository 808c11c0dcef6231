"""Core ML: writing files, reading any of them back, and running them on Linux."""
