"""Data of users on a server: which kind a file is of, its profile, and the catalog that loads it.

A server reads files of users in a process of its own, `python -m quickml.imports`, and in workers.
"""
