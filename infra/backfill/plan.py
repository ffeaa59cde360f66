"""What to start for a window of hours, given what was started before.

Belongs here: the decision between starting, going on and looking on, as pure values. How far the
chunks are belongs in `chunks`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from clickstream_platform.core.hours import HourRange, contiguous_chunks
from infra.backfill.chunks import UNDER_WAY, Chunk, ChunkState

_ATTEMPT_FORMAT = "%Y%m%dT%H%M%SZ"


# Each request is a backfill of its own in Dagster; its list, and ours, is for people to read.
_MOST_REQUESTS = 200


class UnderWayError(RuntimeError):
    """The same hours are being rebuilt already."""


class DivisionError(ValueError):
    """Chunks of a size that Dagster cannot be asked for; the message says which it can."""


@dataclass(frozen=True)
class Attempt:
    """An attempt at a window of hours: calls of the command that went on with each other.

    Attributes:
        name: Its name, when it began.
        chunks: How far it is.
    """

    name: str
    chunks: Sequence[Chunk]

    @property
    def done(self) -> int:
        """How many hours it has rebuilt."""
        return sum(one.hours.count for one in self.chunks if one.state is ChunkState.DONE)

    @property
    def left(self) -> list[str]:
        """The hours it has not rebuilt."""
        undone = [one for one in self.chunks if one.state is not ChunkState.DONE]
        return [hour for one in undone for hour in one.hours.hours()]


@dataclass(frozen=True)
class Plan:
    """What one call of the command does.

    Attributes:
        attempt: Names the attempt; calls that go on with an earlier one have its name.
        launches: The hours of each request to Dagster; none when there is nothing to start.
        done: Hours that an earlier call of this attempt rebuilt.
        is_under_way: Whether an earlier call's runs are still to end.
    """

    attempt: str
    launches: tuple[tuple[str, ...], ...] = ()
    done: int = 0
    is_under_way: bool = False


@dataclass(frozen=True)
class Division:
    """How hours become runs.

    Attributes:
        limit: The most hours of a run in that deployment (CLICKSTREAM_MAX_HOURS_PER_RUN), which
            Dagster itself divides a request by; None when it does not divide.
        wanted: The most hours of a run that the person wants; None for the limit.
    """

    limit: int | None
    wanted: int | None = None

    def __post_init__(self) -> None:
        """Checks the size wanted: Dagster would divide larger chunks again, unseen."""
        if self.wanted is not None and self.limit is not None and self.wanted > self.limit:
            raise DivisionError(
                f"a run of that deployment takes {self.limit:,} hours at most "
                f"(CLICKSTREAM_MAX_HOURS_PER_RUN), so --chunk-hours cannot be {self.wanted:,}"
            )

    @property
    def hours_per_run(self) -> int | None:
        """How many hours a run takes at most; None when it takes all."""
        return self.limit if self.wanted is None else self.wanted

    def launches(self, hours: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """The requests for some hours: one, or one for each chunk that is to be smaller.

        Raises:
            DivisionError: If these are too many.
        """
        if self.wanted is None or self.wanted == self.limit:
            return (tuple(hours),)
        parts = self.chunks(hours)
        if len(parts) > _MOST_REQUESTS:
            raise DivisionError(
                f"chunks of {self.wanted:,} hours are {len(parts):,} backfills, and "
                f"{_MOST_REQUESTS} at once is the most: --chunk-hours "
                f"{-(-len(hours) // _MOST_REQUESTS)} or more"
            )
        return tuple(tuple(part.hours()) for part in parts)

    def chunks(self, hours: Sequence[str]) -> list[HourRange]:
        """The runs for some hours."""
        longest = self.hours_per_run or len(hours)
        return contiguous_chunks(hours, max_hours=longest, max_gap_hours=0)


def plan(
    window: HourRange,
    earlier: Attempt | None,
    division: Division,
    now: datetime,
    *,
    again: bool,
) -> Plan:
    """Decides what one call of the command starts.

    Args:
        window: The hours asked for.
        earlier: The latest attempt at exactly these hours, if there was one.
        division: How hours become runs.
        now: The time; names a new attempt.
        again: Whether hours are rebuilt that this attempt has rebuilt already.

    Returns:
        A new attempt, or the earlier one with what is left of it.

    Raises:
        UnderWayError: If hours are to be rebuilt again that are being rebuilt now.
        DivisionError: If they would be too many requests.
    """
    if earlier is not None:
        if any(chunk.state in UNDER_WAY for chunk in earlier.chunks):
            if again:
                raise UnderWayError(
                    "these hours are being rebuilt now: --again has to wait, or cancel it before"
                )
            return Plan(earlier.name, done=earlier.done, is_under_way=True)
        if not again:
            left = earlier.left
            launches = division.launches(left) if left else ()
            return Plan(earlier.name, launches, earlier.done)
    return Plan(f"{now:{_ATTEMPT_FORMAT}}", division.launches(window.hours()))
