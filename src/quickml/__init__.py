"""QuickML turns a JSON description of a neural network into a trained and verified Core ML model.

The folders of this package are named after the steps: document, training, export, service, client.
"""

from typing import TYPE_CHECKING, Any

from quickml._version import __version__

if TYPE_CHECKING:
    from quickml.client import AsyncClient, Client
    from quickml.film import Film

__all__ = ["AsyncClient", "Client", "Film", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the clients and the reader of films on first use, so that `import quickml` is fast."""
    if name in ("AsyncClient", "Client"):
        from quickml import client

        return getattr(client, name)
    if name == "Film":
        from quickml.film import Film

        return Film
    raise AttributeError(f"module 'quickml' has no attribute {name!r}")
