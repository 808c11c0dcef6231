"""The film of a training: what a network computed at up to 240 moments of its training, in one small file.

`Film` reads films, `Reel` writes them. docs/explanation/film.md describes the format. This package uses numpy
and the standard library only; recording is part of `training`.
"""

from quickml.film.film import Film, FilmFrame, FrameParts
from quickml.film.layout import fitting
from quickml.film.parts import Part
from quickml.film.reel import Reel
from quickml.film.sink import FrameSink

__all__ = ["Film", "FilmFrame", "FrameParts", "FrameSink", "Part", "Reel", "fitting"]
