"""Waiting for events to come to every stage.

Belongs here: patience, and the time each stage took. Where is looked belongs in `stages`.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from infra.deploy.validation.stages import Seen, Stage

POLL_S = 0.5
_SLOWEST_POLL_S = 5.0
_SLOWER_EACH_TIME = 1.2


class Outcome(NamedTuple):
    """What became of the events at one stage.

    Attributes:
        stage: The stage.
        seen: What was seen there last.
        seconds: How long after they were sent all of them were seen; None if never.
    """

    stage: Stage
    seen: Seen
    seconds: float | None

    def is_right(self, events: int) -> bool:
        """Whether each event is there, and once."""
        return self.seconds is not None and self.seen == Seen(events)


Tell = Callable[[Outcome], None]


def follow(
    stages: Sequence[Stage],
    events: int,
    timeout_s: float,
    tell: Tell,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Outcome]:
    """Looks at every stage again and again until each has all events, or the time is over.

    At the end each stage that has them all is looked at once more: what is counted twice is often
    counted once at first.

    Args:
        stages: Where to look.
        events: How many events there must be.
        timeout_s: How long to wait, in seconds.
        tell: Told of each stage as soon as it has all events.
        clock: Seconds from some start on.
        sleep: Waits so many seconds.

    Returns:
        An outcome for each stage, in their order.
    """
    started, pause = clock(), POLL_S
    done: dict[str, Outcome] = {}
    while True:
        for stage in stages:
            if stage.name not in done and (seen := stage.look()).events >= events:
                done[stage.name] = Outcome(stage, seen, clock() - started)
                tell(done[stage.name])
        left = timeout_s - (clock() - started)
        if len(done) == len(stages) or left <= 0:
            break
        sleep(min(pause, left))
        pause = min(pause * _SLOWER_EACH_TIME, _SLOWEST_POLL_S)
    return [
        Outcome(stage, stage.look(), done[stage.name].seconds if stage.name in done else None)
        for stage in stages
    ]
