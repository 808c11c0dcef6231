"""Films of trainings as pictures: an animated GIF, or a strip of moments as one PNG. Uses Pillow."""

from quickml.animation.files import Animation
from quickml.animation.scene import Backdrop

__all__ = ["Animation", "Backdrop"]
