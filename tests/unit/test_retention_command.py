"""`clickstream retention` as a person runs it."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from clickstream_platform.core.departures import Departure, Kept, Outcome, Rule, Sum
from clickstream_platform.core.retention import RetentionPolicy
from clickstream_platform.core.stored_object import StoredObject
from infra.dagster_at import DagsterAt
from infra.dagster_web.graphql import DagsterError
from infra.deploy.sites import Addresses, Site
from infra.reach import Reach
from infra.retention.commands import (
    Plan,
    RetentionCommand,
    RetentionError,
    StillRunningError,
    Told,
    limits_line,
)
from infra.retention.runs import outcome_of
from infra.surroundings import Surroundings
from tests.unit.deploy.fake_site import fake_site

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
        self.asked: list[DagsterAt] = []
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


ADDRESSES = Addresses(None, "http://127.0.0.1:3000", dagster_may_be_absent=True)


def run(lake: FakeRetention, *arguments: str, answer: str | None = None):
    app = typer.Typer()
    found: list[Reach] = []

    def find(reach: Reach) -> Site:
        found.append(reach)
        return fake_site(ADDRESSES)

    def plan(_: Site, where: DagsterAt) -> Plan:
        lake.asked.append(where)
        return Plan(
            POLICY,
            "By nobody.",
            lambda told: lake.run(True, told),
            lambda tell: tell("Launched: there") or lake.run(False, lambda _: None),
        )

    surroundings = Surroundings(find, fail, nullcontext, interrupts)
    command = RetentionCommand(surroundings, plan)
    app.command("retention")(command.retention)
    done = RUNNER.invoke(app, list(arguments), input=answer, env={"COLUMNS": "120"})
    assert found == [Reach()]
    return done


def test_it_asks_and_then_deletes(lake):
    done = run(lake, answer="y\n")
    assert done.exit_code == 0
    assert lake.runs == [True, False]
    assert "By nobody." in done.stdout
    assert "Would be deleted" in done.stdout
    assert "Launched: there" in done.stdout
    assert "raw objects that are compacted" in done.stdout
    assert "1,234" in done.stdout
    assert lake.stored == []
    assert "account 1, region r, stack clickstream: delete?" in done.stderr


@pytest.mark.parametrize(("answer", "reason"), [("n\n", "nothing was deleted"), ("", "--yes")])
def test_nothing_is_deleted_unless_somebody_agrees(lake, answer, reason):
    done = run(lake, answer=answer)
    assert done.exit_code == 1
    assert reason in done.stderr
    assert lake.runs == [True]


def test_yes_asks_nobody(lake):
    done = run(lake, "--yes")
    assert (done.exit_code, lake.runs) == (0, [True, False])
    assert "delete?" not in done.output


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
        (StillRunningError("http://x/runs/1"), 130, "the run goes on: http://x/runs/1"),
        (DagsterError("the run ended with FAILURE"), 1, "ended with FAILURE"),
    ],
)
def test_an_early_end_says_what_to_do(lake, error, code, message):
    lake.error = error
    done = run(lake, "--yes")
    assert done.exit_code == code
    assert message in done.stderr


def test_dagster_is_the_running_platforms_unless_it_is_named(lake):
    run(lake, "--dry-run")
    run(lake, "--dry-run", "--dagster-url", "http://elsewhere")
    assert lake.asked == [
        DagsterAt("http://127.0.0.1:3000", may_be_absent=True),
        DagsterAt("http://elsewhere", may_be_absent=False),
    ]


OUTCOMES = st.builds(
    Outcome,
    st.booleans(),
    st.fixed_dictionaries(
        {rule: st.builds(Sum, st.integers(0), st.integers(0), st.integers(0)) for rule in Rule}
    ),
    st.dictionaries(
        st.sampled_from(Kept),
        st.tuples(st.integers(1), st.lists(st.text(), min_size=1, max_size=10)),
    ),
)


@given(OUTCOMES)
def test_an_outcome_is_read_from_what_a_run_tells_of_it(outcome):
    assert outcome_of(outcome.metadata) == outcome


def test_a_run_of_another_version_is_not_taken_for_one_that_deleted_nothing():
    with pytest.raises(DagsterError, match="does not tell its 'raw_objects'"):
        outcome_of({"dry_run": False})


def test_the_limits_are_said():
    assert limits_line(POLICY) == (
        "Kept: raw objects 30 days once compacted, hours for ever, set-aside records 90 days, "
        "generations nobody reads 24 h"
    )
    assert "hours 400 days" in limits_line(replace(POLICY, events=timedelta(days=400)))
