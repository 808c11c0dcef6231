"""The pages of the reference, each made from the code that it describes."""

NOTE = "<!-- Made by docs/generate.py: do not edit. -->"
