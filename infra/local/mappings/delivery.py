"""Delivering one batch until it is done or given up.

Belongs here: what Lambda does when a function fails: partial batch responses, bisection, retries,
record age, the on-failure destination. Source: AWS Lambda Developer Guide, "Retaining discarded
batch records" and "Configuring partial batch response with Kinesis". Polling belongs in `runner`.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from infra.local.mappings.batching import Record
from infra.resource_types import Mapping

logger = logging.getLogger(__name__)

PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0

Invoke = Callable[[list[Record]], dict[str, Any] | None]
GiveUp = Callable[[list[Record], str, int], None]
Settle = Callable[[Record], None]


class Policy(NamedTuple):
    """How failures are handled, as in the event source mapping.

    Attributes:
        max_retries: Retries of a batch before it is given up.
        max_record_age_s: Age at which a record is given up, in seconds.
        bisect_on_error: Whether a failing batch is cut in two.
        report_item_failures: Whether the function says where it failed.
    """

    max_retries: int
    max_record_age_s: float
    bisect_on_error: bool
    report_item_failures: bool

    @classmethod
    def of(cls, mapping: Mapping) -> "Policy":
        """The policy of a described mapping."""
        return cls(
            mapping.max_retries,
            mapping.max_record_age_s,
            mapping.bisect_on_error,
            mapping.report_item_failures,
        )


class Delivery:
    """Delivers batches of one shard, strictly in order.

    Args:
        invoke: Calls the function; raises when it fails.
        give_up: Takes records that will not be tried again, with a reason and the tries made.
        settle: Told the last record of each part that is processed or given up: after a restart
            delivery goes on behind it, and never goes back to what was given up.
        policy: How failures are handled.
        sleep: Waits between tries.
        clock: Seconds since 1970.
        stopping: Whether to stop trying; the rest is delivered again after a restart.
    """

    def __init__(
        self,
        invoke: Invoke,
        give_up: GiveUp,
        settle: Settle,
        policy: Policy,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._invoke = invoke
        self._give_up = give_up
        self._settle = settle
        self._policy = policy
        self._sleep = sleep
        self._clock = clock
        self._stopping = stopping

    def deliver(self, records: list[Record]) -> bool:
        """Delivers records until each is processed or given up.

        Splitting a batch does not use up its retries, as on AWS: a poison record is isolated
        however large the batch is, and its neighbours are delivered. A function that says where it
        failed has split the batch there itself.

        Returns:
            False when it was stopped before that.
        """
        tries = 0
        while records := self._without_expired(records, tries):
            if tries and self._stopping():
                return False
            failed_from = self._try(records)
            if failed_from is None:
                self._settle(records[-1])
                return True
            if failed_from:
                self._settle(records[failed_from - 1])
            records = records[failed_from:]
            tries = 1 if failed_from else tries + 1
            if self._policy.bisect_on_error and not failed_from and len(records) > 1:
                middle = len(records) // 2
                self._sleep(PAUSE_S)
                return self.deliver(records[:middle]) and self.deliver(records[middle:])
            if tries > self._policy.max_retries:
                self._give_up(records, "RetryAttemptsExhausted", tries)
                self._settle(records[-1])
                return True
            self._sleep(min(PAUSE_S * 2**tries, LONGEST_PAUSE_S))
        return True

    def _try(self, records: list[Record]) -> int | None:
        """One invocation; the index of the first record to deliver again, None when all is well."""
        try:
            response = self._invoke(records)
        except Exception:
            logger.exception("invocation failed for %d records", len(records))
            return 0
        if not self._policy.report_item_failures or not response:
            return None
        failures = response.get("batchItemFailures") or []
        if not failures:
            return None
        positions = {record.sequence_number: i for i, record in enumerate(records)}
        found = [positions.get(failure.get("itemIdentifier")) for failure in failures]
        if None in found:
            return 0  # an unknown identifier fails the whole batch, as on AWS
        return min(index for index in found if index is not None)

    def _without_expired(self, records: list[Record], tries: int) -> list[Record]:
        oldest = self._clock() - self._policy.max_record_age_s
        expired = [record for record in records if record.arrived_at < oldest]
        if expired:
            self._give_up(expired, "MaximumRecordAgeExceeded", tries)
            self._settle(expired[-1])
        return [record for record in records if record.arrived_at >= oldest]
