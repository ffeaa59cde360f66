"""The tables of the handlers' bench.

Belongs here: sums, ratios and targets over what was measured. Measuring belongs in `handlers`.
"""

from collections import defaultdict
from typing import Any

from tests.bench import report
from tests.bench.processes import FUNCTIONS
from tests.bench.report import figure, table
from tests.bench.worker import COUNTING

CPU_RATIO = 15.0
EVENTS_PER_VCPU = 1000
COUNTED_PER_S = 100_000
IMPORT_MS = 400

_HOW = """\
CPU is that of the client's process alone, all its threads, at its best of several rounds; a call's
answer comes at once from a null endpoint on the same machine, the same for both sides. *zipf*: the
very same records for both, as a direct producer writes them. *collected*: the same events in the
collector's shape, which is what our functions mostly read. *full shard*: 1,000 events a second as
one shard carries them, nearly every event of a batch from another session. The endpoint keeps no
state: every session is new, every condition holds, every alert is due. The documents' code is
theirs but for one reserved word without which DynamoDB rejects every batch; its detector sends no
alert, because it never learns its topic."""


def write(figures: dict[str, Any], missing: str | None) -> str:
    """Writes the report of one run; returns its table."""
    figures["ratios"] = ratios(figures["ours"], figures["documents"])
    figures["targets"] = targets(figures)
    parts = [f"Events: {figures['events']}.", "## Targets", _targets(figures["targets"])]
    if missing:
        parts.append(missing)
    parts += ["## CPU and calls", _functions(figures), "## Ratios", _ratios(figures["ratios"])]
    parts += ["## Decode, validate, aggregate; no call", _counting(figures["ours"])]
    parts += ["## Cold import, median of 5", _imports(figures["imports"])]
    parts += ["## AWS calls per event by service", _calls(figures), "## How", _HOW]
    return report.write("handlers", "Stream functions", figures, parts)


def together(runs: list[dict[str, Any]], size: int, events: str = "zipf") -> float | None:
    """CPU milliseconds an event costs in all functions; None when none was measured."""
    chosen = [
        run["cpu_ms_per_event"]
        for run in runs
        if run["batch_size"] == size
        and run.get("events", events) == events
        and run["function"] != COUNTING
    ]
    return sum(chosen) if chosen else None


def calls_per_event(run: dict[str, Any]) -> dict[str, float]:
    """Calls by service and operation."""
    if "calls_per_event" in run:
        return dict(run["calls_per_event"])
    return {name: n / run["batch_size"] for name, n in run["calls_per_batch"].items()}


def ratios(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All of ours against both of theirs, for each kind of events and batch size."""
    found = []
    for size in sorted({run["batch_size"] for run in ours}):
        their_cpu = together(theirs, size)
        their_calls = sum(
            sum(calls_per_event(run).values()) for run in theirs if run["batch_size"] == size
        )
        for events in dict.fromkeys(run["events"] for run in ours):
            mine = [run for run in ours if (run["batch_size"], run["events"]) == (size, events)]
            cpu = together(ours, size, events)
            calls = sum(sum(calls_per_event(run).values()) for run in mine)
            found.append(
                {
                    "batch_size": size,
                    "events": events,
                    "ours_cpu_ms": cpu,
                    "documents_cpu_ms": their_cpu,
                    "cpu_ratio": their_cpu / cpu if their_cpu and cpu else None,
                    "ours_calls": calls,
                    "documents_calls": their_calls or None,
                    "calls_ratio": their_calls / calls if their_calls and calls else None,
                }
            )
    return found


def targets(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """What was aimed at and what was reached."""
    by_case = {(line["batch_size"], line["events"]): line for line in figures["ratios"]}
    counted = {
        run["events"]: 1000 / run["cpu_ms_per_event"]
        for run in figures["ours"]
        if run["function"] == COUNTING and run["batch_size"] == 1000
    }
    shard = by_case[1000, "full shard"]["ours_cpu_ms"]
    rows: list[tuple[str, float, float | None, bool]] = [
        (f"documents' CPU / ours, {events}, batches of {size}", CPU_RATIO, line["cpu_ratio"], True)
        for (size, events), line in by_case.items()
        if events == "zipf"
    ]
    rows.append(("events/s on one vCPU, all three, full shard", EVENTS_PER_VCPU, 1e3 / shard, True))
    rows += [
        (f"decode + validate + aggregate, events/s, {events}", COUNTED_PER_S, speed, True)
        for events, speed in counted.items()
    ]
    rows += [
        (f"import of {package}, ms", IMPORT_MS, times["wall_ms"], False)
        for package, times in figures["imports"].items()
    ]
    return [
        {
            "what": what,
            "target": target,
            "reached": reached,
            "met": None if reached is None else (reached >= target if more else reached <= target),
        }
        for what, target, reached, more in rows
    ]


def _targets(rows: list[dict[str, Any]]) -> str:
    verdicts = {True: "met", False: "missed", None: "not measured"}
    return table(
        ("target", "aim", "reached", "verdict"),
        (
            (row["what"], figure(row["target"]), figure(row["reached"]), verdicts[row["met"]])
            for row in rows
        ),
    )


def _functions(figures: dict[str, Any]) -> str:
    rows = [
        (
            f"ours: {run['function']}, {run['events']}",
            run["batch_size"],
            figure(run["cpu_ms_per_event"]),
            figure(sum(calls_per_event(run).values())),
            figure(run["events_per_s"]),
        )
        for run in figures["ours"]
        if run["function"] != COUNTING
    ] + [
        (
            f"documents: {run['function']}, zipf",
            run["batch_size"],
            figure(run["cpu_ms_per_event"]),
            figure(sum(run["calls_per_event"].values())),
            figure(run["events_per_s"]),
        )
        for run in figures["documents"]
    ]
    return table(("function", "batch", "CPU ms/event", "calls/event", "events/s"), rows)


def _ratios(rows: list[dict[str, Any]]) -> str:
    return table(
        ("all functions together", "batch", "ours, ms", "documents, ms", "CPU ratio", "call ratio"),
        (
            (
                row["events"],
                row["batch_size"],
                figure(row["ours_cpu_ms"]),
                figure(row["documents_cpu_ms"]),
                figure(row["cpu_ratio"]),
                figure(row["calls_ratio"]),
            )
            for row in rows
        ),
    )


def _counting(ours: list[dict[str, Any]]) -> str:
    return table(
        ("events", "batch", "events/s per core"),
        (
            (run["events"], run["batch_size"], figure(1000 / run["cpu_ms_per_event"]))
            for run in ours
            if run["function"] == COUNTING
        ),
    )


def _imports(imports: dict[str, dict[str, float]]) -> str:
    return table(
        ("handler", "wall ms", "CPU ms"),
        (
            (package, figure(times["wall_ms"]), figure(times["cpu_ms"]))
            for package, times in imports.items()
        ),
    )


def _calls(figures: dict[str, Any]) -> str:
    columns: defaultdict[str, dict[tuple[str, int], float]] = defaultdict(dict)
    chosen = [
        ("ours", run)
        for run in figures["ours"]
        if run["events"] == "zipf" and run["function"] in FUNCTIONS
    ] + [("documents", run) for run in figures["documents"]]
    for side, run in chosen:
        for name, n in calls_per_event(run).items():
            place = (side, run["batch_size"])
            columns[name][place] = columns[name].get(place, 0) + n
    heads = [(side, size) for side in ("ours", "documents") for size in (100, 1000)]
    return table(
        ("call, zipf", *(f"{side}, {size}" for side, size in heads)),
        (
            (name, *(figure(cells.get(head)) for head in heads))
            for name, cells in sorted(columns.items())
        ),
    )
