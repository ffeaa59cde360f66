"""The erasure of a person, from the beginning or from where it was left.

Belongs here: its life: written down, locked, swept in rounds, checked, signed off. A pass over the
stores belongs in `sweep`.

A round ends with a look into every store. What has arrived meanwhile causes another round.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from clickstream_platform.core.erasure import Given
from infra.erasure.errors import ErasureError, NotBegunError
from infra.erasure.ledger import Ledger, record_key, report_key
from infra.erasure.record import Record
from infra.erasure.remains import Places, remainders
from infra.erasure.report import build_report
from infra.erasure.stores import Findings, Stores
from infra.erasure.sweep import Sweep
from infra.erasure.workbench import workbench_for

_ROUNDS = 3
_SALT_BYTES = 32
_CLOCK_TOLERANCE = timedelta(seconds=5)


class Erasure:
    """One erasure.

    Args:
        stores: The stores.
        ledger: Where it is written down.
        given: The ids given.
        requested_by: Who asked for it.
        report: Told what goes on, in a few words, and never who it is about.
        now: The clock.
    """

    def __init__(
        self,
        stores: Stores,
        ledger: Ledger,
        given: Given,
        requested_by: str,
        report: Callable[[str], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._stores = stores
        self._ledger = ledger
        self._given = given
        self._report = report
        self._now = now
        self._record = ledger.find(given) or Record.of(
            given, secrets.token_hex(_SALT_BYTES), requested_by, _text(now())
        )

    @property
    def is_resumed(self) -> bool:
        """Whether it was begun before."""
        return bool(self._record.attempts)

    @property
    def key(self) -> str:
        """Where its report is, once it is done."""
        return report_key(self._record.digest)

    def look(self) -> Findings:
        """Looks for the person everywhere and changes nothing."""
        try:
            return self._stores.look(self._record.person, self._given)
        finally:
            self._stores.answers.delete_own()

    def run(
        self, findings: Findings, places: Callable[[], Places], *, take_over: bool = False
    ) -> dict[str, Any]:
        """Erases what was found, and what arrives meanwhile.

        Args:
            findings: What was found just now.
            places: Asked at the end for what is known of the places around the lake.
            take_over: Whether to pass over another erasure that holds the lock.

        Returns:
            The report, signed off and stored.

        Raises:
            ErasureError: If it cannot be finished. It can be gone on with.
        """
        record = self._record
        record.attempts += 1
        self._begin(findings)
        try:
            self._check_clock()
            with self._ledger.locked(record, _text(self._now()), take_over=take_over):
                return self._finish(places)
        except NotBegunError:
            if record.attempts == 1:
                self._ledger.forget(record)
            raise
        finally:
            self._stores.answers.delete_own()

    def _finish(self, places: Callable[[], Places]) -> dict[str, Any]:
        record, left = self._record, self._rounds()
        remains = remainders(record.last_received_at, places(), self._now())
        report = build_report(record, left, remains, self._now())
        self._ledger.sign_off(record.digest, report)
        return report

    def _rounds(self) -> dict[str, int]:
        """Passes over the stores until nothing is left; returns that."""
        left: dict[str, int] = {}
        for number in range(_ROUNDS):
            if number:
                self._report(f"found in the stores again: {_listed(left)}")
                findings = self._stores.look(self._record.person, self._given)
                self._begin(findings)
            left = self._sweep()
            self._record.round.is_over = True
            self._save()
            if not any(left.values()):
                return left
        raise ErasureError(
            f"still there after {_ROUNDS} rounds: {_listed(left)}. Perhaps events of the person "
            "still arrive: stop them and erase again"
        )

    def _sweep(self) -> dict[str, int]:
        stores, record = self._stores, self._record
        with workbench_for(record.person, stores.memory_limit) as workbench:
            sweep = Sweep(
                stores, workbench, self._given, record, self._save, self._report, self._now
            )
            return sweep.run()

    def _begin(self, findings: Findings) -> None:
        """Writes down what is to be done before anything is."""
        record = self._record
        record.learn(findings.links)
        known = [record.last_received_at, findings.rows.last_received_at]
        record.last_received_at = max((one for one in known if one), default=None)
        record.begin(findings.rows.hours)
        self._save()

    def _check_clock(self) -> None:
        """Generations are named by this clock and compared with S3's."""
        [saved] = self._stores.lake.list_objects(record_key(self._record.digest))
        difference = abs(self._now() - saved.modified_at).total_seconds()
        if difference > _CLOCK_TOLERANCE.total_seconds():
            raise NotBegunError(
                f"this machine's clock and that of S3 are {difference:.0f} s apart: what it writes "
                "would be taken for older or newer than it is. Set the clock"
            )

    def _save(self) -> None:
        self._ledger.save(self._record)


def _listed(left: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in left.items() if count)


def _text(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
