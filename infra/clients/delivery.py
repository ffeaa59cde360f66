"""One batch on its way to the collector, until the fate of each of its events is known.

Belongs here: the request, what the answers mean, and trying again. Which events make a batch, and
in which order batches go, belongs in `sender`.

The client is urllib3: boto3 brings it already, its pool keeps connections alive and is safe between
threads, and its own retries can be turned off. They would repeat a whole batch, where the collector
asks for single events again.
"""

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec
import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from infra.clients.parcels import Parcel
from infra.clients.report import Rejection, Tally

USER_AGENT = "clickstream-client"  # firewalls turn requests away that carry none
_CONNECT_TIMEOUT_S = 5.0
_SHOWN_BYTES = 200


@dataclass(frozen=True)
class Patience:
    """How long to try.

    Attributes:
        deadline_s: How long after a batch was first posted it may be posted again.
        timeout_s: How long one request may take to be answered.
        backoff_s: The pause before the second try; it doubles with each further one.
        longest_backoff_s: What it grows to.
    """

    deadline_s: float = 60.0
    timeout_s: float = 30.0
    backoff_s: float = 0.2
    longest_backoff_s: float = 5.0


class UndeliverableError(Exception):
    """A batch was given up; the message says why."""


class NothingAnswersError(UndeliverableError):
    """No connection to the collector could be made, ever."""


class _Result(msgspec.Struct):
    index: int
    status: Literal["accepted", "rejected", "retry"]
    reason: str = "rejected"
    detail: str = ""


class _Answer(msgspec.Struct):
    results: list[_Result]


class _TransientError(Exception):
    """Nothing is known about the events of a request; it may be made again."""


class Delivery:
    """Posts batches to one collector. Threads may share it."""

    def __init__(self, collector: str, connections: int, patience: Patience, tally: Tally) -> None:
        """Connects to nothing yet.

        Args:
            collector: Address of the collector, `http://host:port`.
            connections: How many connections to keep: one for each thread.
            patience: How long to try.
            tally: Where results are counted.
        """
        self._url = f"{collector.rstrip('/')}/v1/events"
        self._pool = urllib3.PoolManager(maxsize=connections, retries=False)
        self._timeout = urllib3.Timeout(connect=_CONNECT_TIMEOUT_S, read=patience.timeout_s)
        self._patience = patience
        self._tally = tally
        self._answered = False

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()

    def deliver(self, batch: list[Parcel], stop: threading.Event) -> None:
        """Posts a batch until each event is accepted or rejected.

        Only events whose fate is open are posted again, with growing pauses of random length, so
        that clients that were refused together do not come back together. A session's events keep
        their order, unless the stream takes a later one and refuses an earlier one.

        Args:
            batch: The events, in order.
            stop: When set, the batch is not tried again.

        Raises:
            NothingAnswersError: If no connection can be made and none ever was.
            UndeliverableError: If the deadline passes, or what answers is not a collector.
        """
        deadline = time.monotonic() + self._patience.deadline_s
        pause, left, again = self._patience.backoff_s, batch, False
        while True:
            self._tally.post(len(left), again=again)
            try:
                left, problem = self._settle(left, self._post(left))
            except _TransientError as error:
                problem = str(error)
            if not left or stop.is_set():
                return
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                waited = f"{self._patience.deadline_s:g} s"
                raise UndeliverableError(f"gave up after {waited}; the last answer was: {problem}")
            jitter = random.uniform(0.5, 1)  # noqa: S311 - pauses, not secrets
            stop.wait(min(pause * jitter, remaining))
            pause, again = min(pause * 2, self._patience.longest_backoff_s), True

    def _post(self, parcels: list[Parcel]) -> Mapping[int, _Result]:
        """One request. Returns the results by index; one may be missing."""
        body = b"[" + b",".join(parcel.data for parcel in parcels) + b"]"
        headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT}
        try:
            response = self._pool.request(
                "POST", self._url, body=body, headers=headers, timeout=self._timeout, redirect=False
            )
        except (NewConnectionError, ConnectTimeoutError, SSLError) as error:
            if not self._answered:
                raise NothingAnswersError(str(error)) from error
            raise _TransientError(f"no connection ({error})") from error
        except HTTPError as error:
            raise _TransientError(f"no answer ({error})") from error
        self._answered = True
        return self._understand(response.status, response.data)

    def _understand(self, status: int, body: bytes) -> Mapping[int, _Result]:
        """The results in an answer."""
        shown = f"{status}: {body[:_SHOWN_BYTES].decode(errors='replace')}"
        if status in {200, 400, 503}:
            try:
                answer = msgspec.json.decode(body, type=_Answer)
                return {result.index: result for result in answer.results}
            except (msgspec.DecodeError, UnicodeDecodeError):
                pass
        if status in {408, 429} or status >= 500:  # noqa: PLR2004 - faults of the server
            raise _TransientError(shown)
        raise UndeliverableError(f"{self._url} does not answer as a collector does ({shown})")

    def _settle(
        self, parcels: list[Parcel], results: Mapping[int, _Result]
    ) -> tuple[list[Parcel], str]:
        """Counts what is decided. Returns what to send again, and why."""
        left: list[Parcel] = []
        rejections: list[Rejection] = []
        problem = ""
        for index, parcel in enumerate(parcels):
            result = results.get(index)
            if result is None:
                left.append(parcel)
                problem = "no result for some events"
            elif result.status == "retry":
                left.append(parcel)
                problem = f"try again ({result.reason}: {result.detail})"
            elif result.status == "rejected":
                rejections.append(
                    Rejection(parcel.event_id, parcel.line, result.reason, result.detail)
                )
        self._tally.settle(len(parcels) - len(left) - len(rejections), rejections)
        return left, problem
