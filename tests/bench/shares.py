"""What a function asks for each thing a batch holds, from some measured batches.

Belongs here: counting what batches hold, and solving for the shares. Measuring belongs in `writes`.
"""

import json
import statistics
from collections.abc import Sequence
from itertools import islice

import numpy as np

from infra.cost.traffic import Contents
from tests.bench.workload import Line

THINGS = tuple(Contents(0, 0, 0, 0, 0, 0).counts())
_FLOOR = 0.1  # below this a figure's relative error does not count: it is a rare event's noise
_NOTHING = 0.001  # a share that is never a larger part of a figure is none
_MINUTE = len("2026-11-23T01:00")
_HOUR = len("2026-11-23T01")


def contents_of(lines: Sequence[Line], size: int, skip: int, batches: int) -> Contents:
    """What some batches of these events hold on average.

    Args:
        lines: Events of one shard in the contract's shape.
        size: Events of a batch.
        skip: Events that came before, whose pages are known.
        batches: How many batches.
    """
    seen: set[tuple[str, str]] = set()
    _take(lines[:skip], seen)
    starts = range(skip, len(lines) - size + 1, size)
    found = [_take(lines[start : start + size], seen) for start in islice(starts, batches)]
    return Contents(size, *map(statistics.mean, zip(*found, strict=True)))


def _take(lines: Sequence[Line], seen: set[tuple[str, str]]) -> tuple[int, int, int, int, int]:
    """Counts sessions, pages, new pages, minutes and new hours of one batch."""
    events = [json.loads(line.data) for line in lines]
    pages = {
        (event["page_url"], event["event_time"][:_HOUR])
        for event in events
        if event["event_type"] == "page_view"
    }
    new = len(pages - seen)
    seen |= pages
    return (
        len({event["session_id"] for event in events}),
        len(pages),
        new,
        len({(event["event_type"], event["event_time"][:_MINUTE]) for event in events}),
        len({event["event_time"][:_HOUR] for event in events}) - 1,
    )


def shares_of(held: Sequence[Contents], asked: Sequence[float]) -> dict[str, float]:
    """How much is asked for each thing, none of it negative, by the least relative squares.

    Figures that really follow from the counts, such as an item for each session, come out exactly.

    Args:
        held: What the measured batches held.
        asked: What they asked for.
    """
    rows = np.array([[contents.counts()[thing] for thing in THINGS] for contents in held])
    values = np.array(asked, dtype=float)
    weights = 1 / np.maximum(values, _FLOOR)
    scales = rows.mean(axis=0)  # so that a rare thing is not lost beside a frequent one
    places = list(range(len(THINGS)))
    solution = np.zeros(0)
    while places:
        system = (rows / scales)[:, places] * weights[:, None]
        solution = np.linalg.lstsq(system, values * weights, rcond=None)[0]
        lowest = int(np.argmin(solution))
        if solution[lowest] >= 0:
            break
        del places[lowest]
    return {
        THINGS[place]: float(f"{share / scales[place]:.5g}")
        for place, share in zip(places, solution, strict=True)
        if max(share * rows[:, place] / scales[place] / np.maximum(values, _FLOOR)) > _NOTHING
    }


def error_of(shares: dict[str, float], held: Sequence[Contents], asked: Sequence[float]) -> float:
    """The largest relative error of the shares on the measured batches."""
    return max(
        abs(sum(share * contents.counts()[thing] for thing, share in shares.items()) - value)
        / max(value, _FLOOR)
        for contents, value in zip(held, asked, strict=True)
    )
