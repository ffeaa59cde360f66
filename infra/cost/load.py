"""What is asked of the platform: the options of `clickstream cost`, checked.

Belongs here: the load, its ranges and the error that names a wrong value. What follows from a load
belongs in `model`.
"""

from dataclasses import dataclass

from infra.cost.traffic import Traffic

DAY_S = 86_400


class CostError(ValueError):
    """A wrong input; the message says what to give."""


@dataclass(frozen=True)
class Load:
    """What is asked of the platform.

    Attributes:
        events_per_day: Events a day, evenly spread.
        window_s: Window of the real-time functions in seconds; None for the topology's.
        batch_size: Their largest batch; None for the topology's.
        shards: Shards of the stream; None for as many as the peak needs.
        peak_factor: How much more than the mean the shards must take.
        events_per_request: Events a request of the collector brings.
        events_per_session: Mean events of a session.
        session_gap_s: Mean seconds between two events of a session.
    """

    events_per_day: float
    window_s: float | None = None
    batch_size: int | None = None
    shards: int | None = None
    peak_factor: float = 2
    events_per_request: float = 10
    events_per_session: float = Traffic.events_per_session
    session_gap_s: float = Traffic.gap_s

    @property
    def events_per_s(self) -> float:
        """The mean over all shards."""
        return self.events_per_day / DAY_S

    @property
    def traffic(self) -> Traffic:
        """The law the events follow."""
        return Traffic(self.events_per_session, self.session_gap_s)

    def check(self) -> None:
        """Checks the ranges.

        Raises:
            CostError: Naming the value that is out of range, and the range.
        """
        ranges: tuple[tuple[str, float | None, float, float], ...] = (
            ("events-per-day", self.events_per_day, 1, 1e13),
            ("window", self.window_s, 0, 300),
            ("batch-size", self.batch_size, 1, 10_000),
            ("shards", self.shards, 1, 1_000_000),
            ("peak-factor", self.peak_factor, 1, 1000),
            ("events-per-request", self.events_per_request, 1, 5000),
            ("events-per-session", self.events_per_session, 1, 100_000),
            ("session-gap", self.session_gap_s, 1, 1800),
        )
        for name, value, low, high in ranges:
            if value is not None and not low <= value <= high:
                raise CostError(f"--{name} is {value:g}: give {low:,.0f} to {high:,.0f}")
