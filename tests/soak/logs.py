"""What the functions' logs say about a soak.

Belongs here: reading the logs of the mapping processes. Failures are expected; failures of any
other kind than those that were injected are not.
"""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.soak.comparison import Check, Difference

_ENTRY = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ (?P<text>.*)$")
_FAILED = "invocation failed for"
_GAVE_UP = re.compile(r"gave up (\d+) records: (\w+)")
_RAISED = re.compile(r"^(?P<type>[A-Za-z_][\w.]*)(: (?P<text>.*))?$")
_OF_AWS = re.compile(r"An error occurred \((?P<code>\w+)\) when calling the (?P<call>\w+)")
_INJECTED = (
    "botocore.",  # what AWS, or the way to it, answers
    "StatementError",
    "FenceConflict",  # an answer was lost, and the write is met again
    "PublishFailed",
)


class Told(NamedTuple):
    """What the logs say.

    Attributes:
        failed: Invocations that failed, by function.
        causes: How many failed why, by function and exception.
        examples: What the first of each said.
        given_up: Batches that were given up, by function.
    """

    failed: Counter[str]
    causes: Counter[str]
    examples: dict[str, str]
    given_up: Counter[str]

    @property
    def check(self) -> Check:
        """Whether every invocation failed for a reason that was injected."""
        strange = {
            cause: count
            for cause, count in self.causes.items()
            if not any(known in cause for known in _INJECTED)
        }
        differences = [
            Difference(cause, "0", str(count), self.examples[cause])
            for cause, count in strange.items()
        ]
        return Check("invocations that failed by themselves", 0, sum(strange.values()), differences)


def read_logs(folder: Path, packages: list[str]) -> Told:
    """Reads the logs of these functions."""
    told = Told(Counter(), Counter(), {}, Counter())
    for package in packages:
        text = (folder / f"{package}.log").read_text(errors="replace")
        for head, *rest in _entries(text):
            if _FAILED in head:
                told.failed[package] += 1
                cause, example = _cause(rest)
                told.causes[f"{package} {cause}"] += 1
                told.examples.setdefault(f"{package} {cause}", example)
            elif _GAVE_UP.search(head):
                told.given_up[package] += 1
    return told


def _entries(text: str) -> list[list[str]]:
    """The entries of the log, each with the lines of its traceback."""
    entries: list[list[str]] = [[""]]
    for line in text.splitlines():
        if found := _ENTRY.match(line):
            entries.append([found["text"]])
        elif not line.startswith(("{", " ")):
            entries[-1].append(line)
    return entries


def _cause(lines: list[str]) -> tuple[str, str]:
    """The exception that a traceback ends with: its kind, and what it said."""
    for line in reversed(lines):
        if (raised := _RAISED.match(line)) and not line.startswith("Traceback"):
            text = raised["text"] or ""
            found = _OF_AWS.search(text)
            kind = f"{found['code']} in {found['call']}" if found else ""
            return f"{raised['type']} {kind}".strip(), text[:300]
    return "unknown", ""
