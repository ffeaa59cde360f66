"""What a validation says.

Belongs here: wording. What was seen belongs in `following`.
"""

import json
from collections.abc import Iterator, Sequence

from infra.deploy.sites import Site
from infra.deploy.validation.following import Outcome
from infra.deploy.validation.marks import Run


def seen_line(name: str, seconds: float, where: str) -> str:
    """A stage that has all events."""
    return f"{name:12} {seconds:7.1f} s   {where}"


def faults(outcomes: Sequence[Outcome], run: Run, timeout_s: float) -> Iterator[str]:
    """What is wrong, a line for each stage that is not right."""
    for outcome in outcomes:
        stage, seen = outcome.stage, outcome.seen
        if outcome.seconds is None:
            yield (
                f"{stage.name}: {seen.events} of {run.events} events seen within {timeout_s:,.0f} "
                f"s in {stage.where}. They are brought there by {stage.by}"
            )
        elif seen.surplus:
            yield (
                f"{stage.name}: {seen.events + seen.surplus} instead of {run.events} in "
                f"{stage.where}: some more than once, by {stage.by}"
            )


def what_stays(run: Run, site: Site) -> Iterator[str]:
    """What a validation leaves, and how it is taken away."""
    erase = f"clickstream erase --anonymous-id {run.id}{site.options}"
    yield (
        "They are marked as a bot's, so the marts leave them out; real-time items expire by "
        "themselves."
    )
    yield f"To take them out of the lake: {erase}"


def as_json(run: Run, accepted_s: float | None, outcomes: Sequence[Outcome]) -> str:
    """The validation as a JSON object."""
    stages = [
        {
            "stage": one.stage.name,
            "where": one.stage.where,
            "seconds": None if one.seconds is None else round(one.seconds, 2),
            "events": one.seen.events,
            "surplus": one.seen.surplus,
            "is_right": one.is_right(run.events),
        }
        for one in outcomes
    ]
    accepted = None if accepted_s is None else round(accepted_s, 2)
    found = {"id": run.id, "hour": run.datehour, "events": run.events, "accepted_s": accepted}
    return json.dumps({**found, "stages": stages}, indent=2)
