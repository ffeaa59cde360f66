"""Events onto the stream.

Belongs here: PutRecords, its limits and the retry of single entries. PutRecords is not atomic: a
call that succeeds may have refused some of its records.
"""

import random
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004

from lambdas.collector.logic import Entry

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

MAX_RECORDS = 500
MAX_BYTES = 4_500_000  # of 5 MB, keys included
DEADLINE_S = 15.0  # of the function's 29 s: the client must get its verdicts
BACKOFF_S = 0.1


class StreamWriter:
    """Puts entries on one Kinesis stream."""

    def __init__(
        self,
        kinesis: "KinesisClient",
        stream: str,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kinesis = kinesis
        self._stream = stream
        self._sleep = sleep
        self._clock = clock

    def put(self, entries: list[Entry]) -> list[Entry]:
        """Writes entries, trying the refused ones again with growing pauses.

        Args:
            entries: What to write; entries of one session keep their order unless one is refused.

        Returns:
            The entries that the stream did not take: the client must send them again.
        """
        deadline = self._clock() + DEADLINE_S
        failed: list[Entry] = []
        for chunk in _chunks(entries):
            left, pause = chunk, BACKOFF_S
            while left and self._clock() < deadline:
                left = self._put_once(left)
                if left:
                    self._sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - a pause
                    pause *= 2
            failed.extend(left)
        return failed

    def _put_once(self, entries: list[Entry]) -> list[Entry]:
        """One call; returns the entries it refused, all of them when the call itself failed."""
        try:
            response = self._kinesis.put_records(
                StreamName=self._stream,
                Records=[{"Data": entry.data, "PartitionKey": entry.key} for entry in entries],
            )
        except (ConnectionError, HTTPClientError):
            return entries
        except ClientError as error:
            if not _is_transient(error):
                raise
            return entries
        return [
            entry
            for entry, result in zip(entries, response["Records"], strict=True)
            if "ErrorCode" in result
        ]


def _is_transient(error: ClientError) -> bool:
    code = error.response["Error"]["Code"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return code in {"ProvisionedThroughputExceededException", "LimitExceededException"} or (
        status >= 500  # noqa: PLR2004 - a server-side fault
    )


def _chunks(entries: list[Entry]) -> Iterator[list[Entry]]:
    """Cuts entries to the limits of one PutRecords call."""
    chunk: list[Entry] = []
    size = 0
    for entry in entries:
        bytes_ = len(entry.data) + len(entry.key)
        if chunk and (len(chunk) == MAX_RECORDS or size + bytes_ > MAX_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(entry)
        size += bytes_
    if chunk:
        yield chunk
