"""Apple Core AI: a `.aimodel` from a trained model, and Apple's own runtime to verify it with.

An optional extra, `quickml[coreai]`: Apple's converter reads torch programs, and torch is large.
"""

from quickml.export.coreai.asset import missing, write
from quickml.export.coreai.verification import verify

__all__ = ["missing", "verify", "write"]
