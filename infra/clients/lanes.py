"""A lane: a thread that sends batches one after the other.

Belongs here: filling batches, and handing them to a thread without reordering. Which event goes
down which lane belongs in `sender`, what sending is in `delivery`.
"""

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from infra.clients.parcels import Parcel

_WAITING_BATCHES = 2
_POLL_S = 0.1


@dataclass(frozen=True)
class BatchLimits:
    """How large a batch grows.

    Attributes:
        events: Most events of one request.
        size_bytes: Most bytes of its body. Lambda takes 6 MB, its envelope included.
        linger_s: How long an event may wait for its batch to fill.
    """

    events: int = 500
    size_bytes: int = 3_900_000
    linger_s: float = 0.5


class Lane:
    """One worker thread with its queue: batches leave in the order in which events came.

    Attributes:
        error: What ended the thread early, or None.
    """

    def __init__(
        self,
        deliver: Callable[[list[Parcel], threading.Event], None],
        stop: threading.Event,
        limits: BatchLimits,
    ) -> None:
        """Starts the thread, which must be closed and joined.

        Args:
            deliver: Sends a batch and returns when the fate of its events is known.
            stop: Shared by all lanes: set by the first that fails, and heeded by all.
            limits: How large a batch grows.
        """
        self.error: Exception | None = None
        self._deliver = deliver
        self._stop = stop
        self._limits = limits
        self._batch: list[Parcel] = []
        self._bytes = 0
        self._due = 0.0
        self._queue: queue.Queue[list[Parcel] | None] = queue.Queue(_WAITING_BATCHES)
        self._thread = threading.Thread(target=self._run, name="clickstream-sender")
        self._thread.start()

    def add(self, parcel: Parcel) -> None:
        """Puts an event into the batch, which leaves first when it would become too large."""
        size = len(parcel.data) + 1  # the comma
        if self._bytes + size > self._limits.size_bytes:
            self.flush()
        if not self._batch:
            self._due = time.monotonic() + self._limits.linger_s
        self._batch.append(parcel)
        self._bytes += size
        if len(self._batch) >= self._limits.events:
            self.flush()

    def flush(self, due_by: float | None = None) -> None:
        """Hands the batch to the thread; with `due_by`, only if it may not wait until then."""
        if self._batch and (due_by is None or self._due <= due_by):
            self._put(self._batch)
            self._batch, self._bytes = [], 0

    def close(self) -> None:
        """Sends what is left; the thread ends afterwards, or at once after `stop`."""
        self.flush()
        self._put(None)
        with suppress(queue.Full):  # then the thread meets a batch, and `stop`
            self._queue.put_nowait(None)

    def join(self) -> None:
        """Waits for the thread."""
        self._thread.join()

    def _put(self, item: list[Parcel] | None) -> None:
        while not self._stop.is_set():
            with suppress(queue.Full):
                self._queue.put(item, timeout=_POLL_S)
                return

    def _run(self) -> None:
        try:
            while (batch := self._queue.get()) is not None and not self._stop.is_set():
                self._deliver(batch, self._stop)
        except Exception as error:  # raised again by `send_events`
            self.error = error
            self._stop.set()
