"""What the doctor says, for a person and for a program.

Belongs here: wording and order. What was found belongs to the checks.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.markup import escape

from infra.deploy.doctor.findings import Finding, Level
from infra.presentation import one_line

_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "red"}


def finding_lines(finding: Finding) -> Iterator[str]:
    """A finding, with what it means and what to do below it."""
    level = f"{finding.level:7}"
    colour = _COLOURS[finding.level]
    says = escape(one_line(f"{finding.subject}: {finding.says}"))
    yield f"[{colour}]{level}[/{colour}]  {says}"
    if finding.means:
        yield f"         {escape(one_line(finding.means))}"
    if finding.do:
        yield f"         [bold]→[/bold] {escape(one_line(finding.do))}"


def summary_line(findings: Iterable[Finding]) -> str:
    """How much was found of each level."""
    counts = Counter(finding.level for finding in findings)
    problems, warnings = counts[Level.PROBLEM], counts[Level.WARNING]
    return (
        f"{counts[Level.OK]} ok, {warnings} warning{'' if warnings == 1 else 's'}, "
        f"{problems} problem{'' if problems == 1 else 's'}"
    )


def as_json(findings: Sequence[Finding]) -> str:
    """The findings as a JSON list of objects."""
    return json.dumps([finding._asdict() for finding in findings], indent=2)


def is_well(findings: Iterable[Finding]) -> bool:
    """Whether there is no problem."""
    return all(finding.level is not Level.PROBLEM for finding in findings)
