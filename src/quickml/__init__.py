"""QuickML: a JSON description of a neural network in, a trained and verified Core ML model out.

Spec, build, train, compile, verify: the folders of this package are named after that line.
"""

from typing import TYPE_CHECKING, Any

from quickml._version import __version__

if TYPE_CHECKING:
    from quickml.client import AsyncClient, Client

__all__ = ["AsyncClient", "Client", "__version__"]


def __getattr__(name: str) -> Any:
    """The clients, loaded when they are asked for: `import quickml` costs nothing."""
    if name in ("AsyncClient", "Client"):
        from quickml import client

        return getattr(client, name)
    raise AttributeError(f"module 'quickml' has no attribute {name!r}")
