"""Test doubles for programs that use QuickML."""
