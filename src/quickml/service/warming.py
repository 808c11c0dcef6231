"""Models are loaded when somebody looks at a job that is ready, so that the first answer takes no longer."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from quickml.errors import QuickMLError

log = logging.getLogger(__name__)

WAITING = 8
"""Number of jobs that may wait. If there are more, the one that was looked at first is left out."""
REST_S = 0.5
"""Time between two loads, so that many jobs that become ready at once do not keep a processor busy."""
AGAIN_S = 60.0
"""How long it is not checked again whether a job's model is loaded."""
REMEMBERED = 1000


class Warmer:
    """Loads models in a thread of its own, the job that was looked at last first. Thread-safe."""

    def __init__(self, load: Callable[[str, str], None], *, rest_s: float = REST_S) -> None:
        """`load` is called with the ID of a job and its owner."""
        self._load, self._rest_s = load, rest_s
        self._waiting: OrderedDict[str, str] = OrderedDict()
        self._looked: OrderedDict[str, float] = OrderedDict()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def look(self, job_id: str, owner: str) -> None:
        """Somebody looks at a job that is ready. Returns at once."""
        now = time.monotonic()
        with self._changed:
            if self._is_closed or now - self._looked.get(job_id, -AGAIN_S) < AGAIN_S:
                return
            self._looked[job_id] = now
            self._waiting[job_id] = owner
            while len(self._looked) > REMEMBERED:
                self._looked.popitem(last=False)
            while len(self._waiting) > WAITING:
                self._looked.pop(self._waiting.popitem(last=False)[0], None)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="warm", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Load no more; waits for a load that has begun."""
        with self._changed:
            self._is_closed = True
            self._waiting.clear()
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_closed)
                if self._is_closed:
                    return
                job_id, owner = self._waiting.popitem()
            try:
                self._load(job_id, owner)
            except QuickMLError as error:  # whoever asks the model is told
                log.debug("%s: its model was not loaded in advance: %s", job_id, error)
            except Exception:
                log.exception("%s: unexpected error while its model was loaded in advance", job_id)
            with self._changed:
                self._changed.wait_for(lambda: self._is_closed, timeout=self._rest_s)
