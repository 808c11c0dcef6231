"""QuickML turns a JSON description of a neural network into a trained and verified Core ML model.

The folders of this package are named after the steps: document, training, export, service, client.
"""

from typing import TYPE_CHECKING, Any

from quickml._version import __version__

if TYPE_CHECKING:
    from quickml.client import AsyncClient, Client

__all__ = ["AsyncClient", "Client", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the clients on first use, so that `import quickml` is fast."""
    if name in ("AsyncClient", "Client"):
        from quickml import client

        return getattr(client, name)
    raise AttributeError(f"module 'quickml' has no attribute {name!r}")
