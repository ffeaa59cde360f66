"""How a backfill goes on, told while it does.

Belongs here: a line for each change, and on a terminal a bar below the lines. Wording that is not
of the moment belongs in `text`.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from infra.backfill.answers import Step
from infra.backfill.attempts import Progress
from infra.backfill.chunks import Chunk, ChunkState
from infra.backfill.text import duration_text, hours_text

_STYLES = {
    ChunkState.DONE: "green",
    ChunkState.FAILED: "red",
    ChunkState.CANCELED: "red",
    ChunkState.LEFT: "red",
    ChunkState.RETRYING: "yellow",
}
_WITH_ADDRESS = frozenset({ChunkState.RUNNING, ChunkState.FAILED})


class Teller:
    """Tells on a console; a context in which the bar is shown.

    Args:
        console: Where.
        run_url: Where a person looks at a run.
    """

    def __init__(self, console: Console, run_url: Callable[[str], str]) -> None:
        self._console = console
        self._run_url = run_url
        self._started = time.monotonic()
        self._told: dict[str, str] = {}
        self._addresses: set[str] = set()
        self._bar = Bar(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("hours"),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def tell(self, progress: Progress) -> None:
        """Tells what has changed since the last time."""
        hours = [(one.state, one.hours.count) for one in progress.chunks]
        done = sum(count for state, count in hours if state is ChunkState.DONE)
        now = ", ".join(steps[-1].name for steps in progress.steps.values() if steps)
        total = sum(count for _, count in hours)
        self._bar.update(self._task, completed=done, total=total, description=now)
        for chunk in progress.chunks:
            line = self._line(chunk, progress.steps)
            if self._told.get(chunk.hours.first) != line:
                self._told[chunk.hours.first] = line
                self._print(f"{line}{self._new_address(chunk)}")

    def _print(self, line: str) -> None:
        seconds = time.monotonic() - self._started
        self._console.print(f"[dim]{seconds:7.1f} s[/dim]  {line}", soft_wrap=True)

    def _new_address(self, chunk: Chunk) -> str:
        """Where the run can be looked at, told once."""
        run = chunk.run
        if run is None or chunk.state not in _WITH_ADDRESS or run.run_id in self._addresses:
            return ""
        self._addresses.add(run.run_id)
        return f"  {escape(self._run_url(run.run_id))}"

    def _line(self, chunk: Chunk, steps: Mapping[str, Sequence[Step]]) -> str:
        style, run = _STYLES.get(chunk.state, "default"), chunk.run
        parts = [hours_text(chunk.hours), f"[{style}]{chunk.state}[/{style}]"]
        if run is not None:
            parts += [step.name for step in steps.get(run.run_id, [])[-1:]]
            if run.seconds is not None:
                parts.append(duration_text(run.seconds))
        return "  ".join(parts)
