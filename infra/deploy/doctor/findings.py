"""What the doctor says.

Belongs here: the shape of a finding. What is looked at belongs in the modules beside, how it is
printed in `text`.
"""

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How bad it is: only a problem makes the command fail."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Finding(NamedTuple):
    """One thing that was looked at.

    Attributes:
        subject: What it is about: "table clickstream-alerts".
        level: How bad it is.
        says: What was found.
        means: What follows from it, in plain words; empty when all is well.
        do: What to do, a command where there is one; empty when all is well.
    """

    subject: str
    level: Level
    says: str
    means: str = ""
    do: str = ""


def ok(subject: str, says: str) -> Finding:
    """All is well."""
    return Finding(subject, Level.OK, says)


def warning(subject: str, says: str, means: str, do: str) -> Finding:
    """The platform works, and somebody should look at this."""
    return Finding(subject, Level.WARNING, says, means, do)


def problem(subject: str, says: str, means: str, do: str) -> Finding:
    """Something does not work, or loses data sooner or later."""
    return Finding(subject, Level.PROBLEM, says, means, do)


def missing(subject: str, means: str, do: str) -> Finding:
    """A resource that is described and not there."""
    return problem(subject, "is missing", means, do)
