"""What a soak is asked for, and what it found.

Belongs here: the two values that `run` and `report` share, and nothing that is done with them.
"""

from dataclasses import dataclass, field

from tests.soak.comparison import Check
from tests.soak.logs import Told
from tests.soak.schedule import SHORTEST_S
from tests.soak.sending import Outcome

RATE = 1300.0  # events a second: what two cores take besides everything else


@dataclass(frozen=True)
class Options:
    """What may differ between two soaks.

    Attributes:
        events: How many events are sent, duplicates and bad records included.
        seed: What traffic and timetable follow from.
        limit_s: When it is given up, in seconds.
        faults: Whether anything goes wrong.
    """

    events: int
    seed: int
    limit_s: float
    faults: bool = True

    @property
    def sending_s(self) -> float:
        """How long the sending is spread over, in seconds."""
        return max(SHORTEST_S if self.faults else 1.0, self.events / RATE)


@dataclass
class Report:
    """What a soak found.

    Attributes:
        seconds: How long each stage took.
        sent: What became of what was sent.
        begun: The faults, kills and reshards that began, by name.
        injected: The calls that were interfered with, by service and fault.
        kills: Kills by process.
        ends: Processes that ended by themselves and were started again.
        told: What the functions' logs say.
        given_up: Batches on the on-failure queue, by function.
        redriven: Records of those batches.
        redrives: How often `clickstream redrive` ran.
        figures: Figures that are only told.
        checks: The checks.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    sent: Outcome | None = None
    begun: dict[str, int] = field(default_factory=dict)
    injected: dict[str, int] = field(default_factory=dict)
    kills: dict[str, int] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    told: Told | None = None
    given_up: dict[str, int] = field(default_factory=dict)
    redriven: int = 0
    redrives: int = 0
    figures: dict[str, int] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return all(check.holds for check in self.checks)
