"""Apple Core AI: write a trained model as `.aimodel` and verify it with Apple's own runtime.

Needs the optional extra `quickml-coreml[coreai]`: Apple's converter reads torch programs, and torch is large.
"""

from quickml.export.coreai.asset import missing, write
from quickml.export.coreai.verification import verify

__all__ = ["missing", "verify", "write"]
