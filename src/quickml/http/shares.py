"""What each owner may hold at once of things that a server has a limited amount of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from quickml.errors import ShareError


class Share:
    """What one request holds."""

    def __init__(self, shares: Shares, owner: str) -> None:
        self._shares, self._owner = shares, owner
        self.amount = 0

    def take(self, amount: int) -> None:
        """Hold more.

        Raises:
            ShareError: the owner would hold more than allowed.
        """
        self._shares.take(self._owner, amount)
        self.amount += amount

    def release(self) -> None:
        """Hold nothing any more."""
        self._shares.take(self._owner, -self.amount)
        self.amount = 0


class Shares:
    """The limit on one thing, and how much of it each owner holds. Used in the event loop's thread only."""

    def __init__(self, what: str, allowed: int | None) -> None:
        """Limit each owner to `allowed` of `what`, which is its name in error messages; None is no limit."""
        self._what, self._allowed = what, allowed
        self._held: Counter[str] = Counter()

    @contextmanager
    def held(self, owner: str, amount: int = 0) -> Iterator[Share]:
        """Hold an amount until the end of the block.

        Raises:
            ShareError: the owner would hold more than allowed.
        """
        share = Share(self, owner)
        share.take(amount)
        try:
            yield share
        finally:
            share.release()

    def take(self, owner: str, amount: int) -> None:
        """See `Share.take`."""
        if self._allowed is not None and amount > 0 and self._held[owner] + amount > self._allowed:
            raise ShareError(self._what, self._allowed)
        self._held[owner] += amount
