"""Sending a soak's traffic: most of it to the collector, some of it straight onto the stream.

Belongs here: the two ways in, side by side and in the order of the traffic. What is sent belongs in
`traffic`.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import boto3

from infra.clients.delivery import Patience
from infra.clients.lines import ClientEvent
from infra.clients.sender import SendOptions, send_events
from tests.soak.facts import Direct
from tests.soak.traffic import Sent

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

_AT_ONCE = 200
_LINGER_S = 0.3


class Outcome(NamedTuple):
    """What became of it.

    Attributes:
        collected: Events the collector accepted, duplicates included.
        rejected: Events it turned down.
        resent: Events the client sent again because it had no answer for them.
        direct: Records the stream took from producers.
        seconds: How long it took.
    """

    collected: int
    rejected: int
    resent: int
    direct: int
    seconds: float


class Producer:
    """A thread that puts records on the stream, some at a time."""

    def __init__(self, stream: str) -> None:
        self._kinesis: KinesisClient = boto3.client("kinesis")
        self._stream = stream
        self._queue: queue.Queue[Direct | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="producer", daemon=True)
        self._thread.start()
        self.taken = 0

    def add(self, record: Direct) -> None:
        """Takes a record, to be put on the stream soon."""
        self._queue.put(record)

    def close(self) -> None:
        """Waits until everything is on the stream."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            batch: list[Direct] = []
            until = time.monotonic() + _LINGER_S
            while len(batch) < _AT_ONCE and (left := until - time.monotonic()) > 0:
                try:
                    found = self._queue.get(timeout=left)
                except queue.Empty:
                    break
                if found is None:
                    is_open = False
                    break
                batch.append(found)
            if batch:
                self._put(batch)

    def _put(self, batch: list[Direct]) -> None:
        answer = self._kinesis.put_records(
            StreamName=self._stream,
            Records=[
                {"Data": record.data, "PartitionKey": record.key}
                for record in batch
                for _ in range(record.copies)
            ],
        )
        if answer["FailedRecordCount"]:
            raise RuntimeError("the stream refused records of a direct producer")
        self.taken += len(answer["Records"])


def send(
    sent: list[Sent], url: str, stream: str, rate: float, on_sent: Callable[[int], None]
) -> Outcome:
    """Sends everything, at most so many events a second.

    Args:
        sent: What to send, in order.
        url: Where the collector listens.
        stream: The stream's name.
        rate: Events a second.
        on_sent: Told after each how many are under way; raises to stop the sending.

    Returns:
        What became of it.

    Raises:
        SendError: If the collector does not take some events.
        KeyboardInterrupt: On Ctrl-C.
    """
    started = time.monotonic()
    producer = Producer(stream)

    def collected() -> Iterator[ClientEvent]:
        for number, item in enumerate(sent):
            on_sent(number)
            if isinstance(item, ClientEvent):
                yield item
            else:
                producer.add(item)

    share = sum(isinstance(item, ClientEvent) for item in sent) / len(sent)
    options = SendOptions(workers=4, events_per_second=rate * share, patience=Patience(120.0, 60.0))
    report = send_events(collected(), url, options)
    producer.close()
    if report.interrupted:
        raise KeyboardInterrupt
    return Outcome(
        report.accepted,
        report.rejected,
        report.resent,
        producer.taken,
        time.monotonic() - started,
    )
