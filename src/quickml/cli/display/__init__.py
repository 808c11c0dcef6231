"""Showing events and downloads."""
