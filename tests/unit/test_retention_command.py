"""`clickstream retention` as a person runs it."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest
import typer
from typer.testing import CliRunner

from clickstream_platform.core.departures import Departure, Kept, Outcome, Rule
from clickstream_platform.core.retention import RetentionPolicy
from clickstream_platform.core.stored_object import StoredObject
from infra.retention import Plan, RetentionCommand, RetentionError, Told, limits_line
from infra.set_aside.commands import Surroundings

RUNNER = CliRunner()
POLICY = RetentionPolicy(
    timedelta(days=30), None, timedelta(days=90), generation_grace=timedelta(hours=24)
)
OLD = StoredObject(
    "raw/datehour=2026-01-01-00/\x1b[2Ja.parquet", 1234, datetime(2026, 1, 1, tzinfo=UTC)
)


class FakeRetention:
    """One object that leaves when it is told to."""

    def __init__(self) -> None:
        self.stored = [OLD]
        self.runs: list[bool] = []
        self.error: BaseException | None = None
        self.kept = False

    def run(self, dry_run: bool, told: Told) -> Outcome:
        self.runs.append(dry_run)
        if self.error is not None and not dry_run:
            raise self.error
        outcome = Outcome(dry_run)
        if self.stored:
            departure = Departure(Rule.RAW, list(self.stored))
            outcome.count(departure)
            told(departure)
        if self.kept:
            outcome.keep(Kept.UNREAD, ["raw/[red]x"])
        if not dry_run:
            self.stored.clear()
        return outcome


@pytest.fixture
def lake() -> FakeRetention:
    return FakeRetention()


def fail(message: str, code: int = 1) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(code)


@contextmanager
def interrupts() -> Iterator[None]:
    yield


def run(lake: FakeRetention, *arguments: str, answer: str | None = None):
    app = typer.Typer()
    found: list[Path] = []
    surroundings = Surroundings(found.append, fail, nullcontext, interrupts)  # type: ignore[arg-type]
    command = RetentionCommand(surroundings, lambda: Plan(POLICY, lake.run))
    app.command("retention")(command.retention)
    done = RUNNER.invoke(app, list(arguments), input=answer, env={"COLUMNS": "120"})
    assert found == [Path(".clickstream/platform")]
    return done


def test_it_asks_and_then_deletes(lake):
    done = run(lake, answer="y\n")
    assert done.exit_code == 0
    assert lake.runs == [True, False]
    assert "Would be deleted" in done.stdout
    assert "raw objects that are compacted" in done.stdout
    assert "1,234" in done.stdout
    assert lake.stored == []


@pytest.mark.parametrize(("answer", "reason"), [("n\n", "nothing was deleted"), ("", "--yes")])
def test_nothing_is_deleted_unless_somebody_agrees(lake, answer, reason):
    done = run(lake, answer=answer)
    assert done.exit_code == 1
    assert reason in done.stderr
    assert lake.runs == [True]


def test_yes_asks_nobody(lake):
    done = run(lake, "--yes")
    assert (done.exit_code, lake.runs) == (0, [True, False])
    assert "Delete?" not in done.stdout


def test_a_dry_run_deletes_nothing_even_with_yes(lake):
    done = run(lake, "--dry-run", "--yes", "--keys")
    assert (done.exit_code, lake.runs) == (0, [True])
    assert "raw/datehour=2026-01-01-00/\\x1b[2Ja.parquet" in done.stdout


def test_names_are_printed_only_when_asked_for(lake):
    assert "datehour" not in run(lake, "--dry-run").stdout


def test_where_nothing_is_past_its_time_nobody_is_asked(lake):
    lake.stored.clear()
    done = run(lake)
    assert (done.exit_code, lake.runs) == (0, [True])
    assert "Nothing is past its time." in done.stdout


def test_what_is_kept_is_named(lake):
    lake.kept = True
    done = run(lake, "--dry-run")
    assert "kept: 1 raw objects past their time" in done.stdout
    assert "raw/[red]x" in done.stdout


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (RetentionError("2 of 9 objects were not deleted"), 1, "2 of 9 objects"),
        (KeyboardInterrupt(), 130, "goes on where it was"),
    ],
)
def test_an_early_end_says_what_to_do(lake, error, code, message):
    lake.error = error
    done = run(lake, "--yes")
    assert done.exit_code == code
    assert message in done.stderr


def test_the_limits_are_said():
    assert limits_line(POLICY) == (
        "Kept: raw objects 30 days once compacted, hours for ever, set-aside records 90 days, "
        "generations nobody reads 24 h"
    )
    assert "hours 400 days" in limits_line(replace(POLICY, events=timedelta(days=400)))
