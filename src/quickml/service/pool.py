"""The models that are kept loaded: bounded in memory, and fair between owners."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Model = TypeVar("Model")

MAX_BYTES = 192_000_000
"""Memory of all loaded models together, as estimated when they are loaded."""
MAX_UNUSED = 8
"""Number of models that may be kept loaded before anybody has asked them."""
BUSY_S = 5.0
"""A model that was used within this time is in use."""


@dataclass(kw_only=True)
class LoadedModel(Generic[Model]):
    """A model in the pool."""

    model: Model
    size_bytes: int
    owner: str
    """Who used it last."""
    used_at: float
    is_used: bool
    """Whether anybody has asked it; otherwise it was only loaded in advance."""


class ModelPool(Generic[Model]):
    """Loaded models by key. Thread-safe; of several threads that need the same model, one loads it.

    When they take too much memory, models that nobody has asked go first. Then the owner whose models take
    most has to give one up: the least recently used, or, if all of them are in use, the one that was loaded
    last. If it were always the least recently used, clients that take turns with a few models more than
    there is room for would evict every model just before it is needed again, and none would ever be found
    loaded.
    """

    def __init__(self, max_bytes: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_bytes, self._clock = max_bytes, clock
        self._models: dict[Hashable, LoadedModel[Model]] = {}
        self._lock = threading.Lock()
        self._loading: defaultdict[Hashable, threading.Lock] = defaultdict(threading.Lock)

    def __len__(self) -> int:
        return len(self._models)

    @property
    def size_bytes(self) -> int:
        """Estimated memory of all loaded models."""
        return sum(model.size_bytes for model in list(self._models.values()))

    def get(
        self, key: Hashable, owner: str, load: Callable[[], tuple[Model, int]], *, in_advance: bool = False
    ) -> Model:
        """A model, loaded if it is not there.

        Args:
            key: identifies the model.
            owner: who needs it.
            load: gives the model and its estimated memory in bytes.
            in_advance: nobody has asked the model yet.
        """
        if (found := self._found(key, owner, in_advance)) is not None:
            return found
        with self._lock:
            loading = self._loading[key]
        with loading:
            if (found := self._found(key, owner, in_advance)) is not None:
                return found
            try:
                model, size_bytes = load()
                self._keep(key, owner, model, size_bytes, is_used=not in_advance)
            finally:
                with self._lock:
                    self._loading.pop(key, None)
        return model

    def _found(self, key: Hashable, owner: str, in_advance: bool) -> Model | None:
        with self._lock:
            found = self._models.get(key)
            if found is None:
                return None
            if not in_advance:
                found.owner, found.used_at, found.is_used = owner, self._clock(), True
            return found.model

    def _keep(self, key: Hashable, owner: str, model: Model, size_bytes: int, *, is_used: bool) -> None:
        now = self._clock()
        with self._lock:
            self._models[key] = LoadedModel(
                model=model, size_bytes=size_bytes, owner=owner, used_at=now, is_used=is_used
            )
            unused = [other for other, loaded in self._models.items() if not loaded.is_used]
            for other in unused[:-MAX_UNUSED]:
                del self._models[other]
            while len(self._models) > 1 and self.size_bytes > (self._max_bytes or MAX_BYTES):
                del self._models[self._victim(key, now)]

    def _victim(self, newest: Hashable, now: float) -> Hashable:
        """The key of the model that has to go; not the newest, which is needed now."""
        others = {key: model for key, model in self._models.items() if key != newest}
        for key, model in others.items():
            if not model.is_used:
                return key
        held: Counter[str] = Counter()
        for model in self._models.values():
            held[model.owner] += model.size_bytes
        largest = max((model.owner for model in others.values()), key=lambda owner: held[owner])
        keys = [key for key, model in others.items() if model.owner == largest]  # in the order of loading
        oldest = min(keys, key=lambda key: others[key].used_at)
        return oldest if now - others[oldest].used_at > BUSY_S else keys[-1]
