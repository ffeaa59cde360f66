"""How an erasure is asked for.

Belongs here: the command's options other than whom it is about.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """The options of `clickstream erase`.

    Attributes:
        dry_run: Only say what would be erased.
        yes: Do not ask.
        report: A file to write the report to as well.
        requested_by: Who asked for it.
        take_over: Pass over another erasure that holds the lock.
        state_dir: Where the platform keeps its state.
    """

    dry_run: bool
    yes: bool
    report: Path | None
    requested_by: str
    take_over: bool
    state_dir: Path
