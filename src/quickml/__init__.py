"""QuickML turns a JSON description of a neural network into a trained and verified Core ML model.

The folders of this package are named after the steps: document, training, export, service, client.
"""

from typing import TYPE_CHECKING, Any

from quickml._version import __version__

if TYPE_CHECKING:
    from quickml.answers import Answers
    from quickml.client import AsyncClient, Client
    from quickml.film import Film

__all__ = ["Answers", "AsyncClient", "Client", "Film", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the clients, and the readers of films and answers, on first use: `import quickml` is fast."""
    if name in ("AsyncClient", "Client"):
        from quickml import client

        return getattr(client, name)
    if name == "Answers":
        from quickml.answers import Answers

        return Answers
    if name == "Film":
        from quickml.film import Film

        return Film
    raise AttributeError(f"module 'quickml' has no attribute {name!r}")
