"""`clickstream backfill` as a user runs it, against Dagster's own web server."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
import yaml
from click.testing import Result
from typer.testing import CliRunner

from clickstream_platform.definitions import build_defs
from clickstream_platform.settings import Settings
from infra.backfill.commands import JOB, mount
from infra.early_ends import aws_errors_as_messages, fail, signals_as_interrupt
from infra.local.endpoints import Ports
from infra.surroundings import Surroundings
from tests.functional.backfill.conftest import Deployment

Run = Callable[..., Result]


def no_platform(_: Path) -> Ports:
    fail("no platform is running")


@pytest.fixture
def run(deployment: Deployment) -> Run:
    app = typer.Typer()
    around = Surroundings(no_platform, fail, aws_errors_as_messages, signals_as_interrupt)
    mount(app, around)
    app.command("another")(lambda: None)  # with one command alone, typer leaves out its name

    def invoke(*options: str, url: str | None = deployment.url, answer: str = "") -> Result:
        where = [] if url is None else ["--dagster-url", url]
        return CliRunner().invoke(app, ["backfill", *where, *options], input=answer)

    return invoke


def chunks_of(result: Result) -> list[tuple[str, str, str]]:
    return [
        (one["first"], one["last"], one["state"]) for one in json.loads(result.stdout)["chunks"]
    ]


@pytest.mark.usefixtures("daemon")
def test_hours_are_rebuilt_in_chunks_and_a_failed_one_alone_again(
    run: Run, deployment: Deployment
) -> None:
    window = ("2026-06-01-06", "2026-06-02-05", "--json")
    deployment.breaks("2026-06-01-20")
    failed = run(*window)
    assert failed.exit_code == 1
    assert chunks_of(failed) == [
        ("2026-06-01-06", "2026-06-01-17", "done"),
        ("2026-06-01-18", "2026-06-02-05", "failed"),
    ]
    told = json.loads(failed.stdout)["chunks"][1]
    assert told["error"] == "events: cannot be compacted: 2026-06-01-20"
    assert told["url"] == f"{deployment.url}/runs/{told['run_id']}"

    deployment.breaks()
    mended = run(*window)
    assert mended.exit_code == 0, mended.stderr
    assert "12 of them an earlier call has rebuilt" in mended.stderr
    documents = [json.loads(one.stdout) for one in (failed, mended)]
    runs = [[chunk["run_id"] for chunk in one["chunks"]] for one in documents]
    assert runs[1][0] == runs[0][0]
    assert runs[1][1] != runs[0][1]

    assert "Nothing to do" in run(*window).stderr
    again = run(*window, "--again", "--chunk-hours", "8")
    assert [state for _, _, state in chunks_of(again)] == ["done"] * 3
    assert len(json.loads(again.stdout)["backfills"]) == 3


def test_ctrl_c_leaves_it_running_and_the_same_command_looks_on(
    run: Run, deployment: Deployment
) -> None:
    window, before = ("2026-06-02-20", "2026-06-02-21"), len(deployment.instance.get_backfills())

    def interrupt() -> None:
        while len(deployment.instance.get_backfills()) == before:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    person = threading.Thread(target=interrupt)
    person.start()
    left = run(*window)
    person.join()
    assert left.exit_code == 130
    assert "same command" in left.stderr
    assert deployment.instance.get_backfills()[0].status.value == "REQUESTED"
    refused = run(*window, "--again")
    assert (refused.exit_code, "being rebuilt now" in refused.stderr) == (1, True)

    deployment.run_what_is_requested()
    looked_on = run(*window)
    assert looked_on.exit_code == 0
    assert len(deployment.instance.get_backfills()) == before + 1


def test_the_job_is_the_platforms_and_its_runs_are_kept_apart() -> None:
    """Two runs that rebuild one hour at the same time would publish over each other."""
    job = build_defs(Settings()).get_repository_def().get_job(JOB)
    limits = yaml.safe_load(Path("infra/dagster.yaml").read_text())["concurrency"]["runs"]
    alone = [one["key"] for one in limits["tag_concurrency_limits"] if one["limit"] == 1]
    assert set(alone) & set(job.tags)


def test_a_dry_run_for_a_program_is_json_of_the_runs(run: Run, deployment: Deployment) -> None:
    before = len(deployment.instance.get_backfills())
    told = run("2026-06-01-00", "2026-06-01-17", "--dry-run", "--json", "--again")
    assert told.exit_code == 0, told.stderr
    assert json.loads(told.stdout)["runs"] == [
        {"first": "2026-06-01-00", "last": "2026-06-01-11", "hours": 12},
        {"first": "2026-06-01-12", "last": "2026-06-01-17", "hours": 6},
    ]
    assert len(deployment.instance.get_backfills()) == before


def test_a_dry_run_tells_the_chunks_and_starts_nothing(run: Run, deployment: Deployment) -> None:
    before = len(deployment.instance.get_backfills())
    told = run("2026-06-01", "2026-06-02", "--dry-run")
    assert told.exit_code == 0
    assert "2026-06-01 00:00 up to 2026-06-03 00:00 UTC, 48 hours" in told.stderr
    assert "48 hours in 4 runs, one after the other" in told.stderr
    assert "2026-06-02-12 to 2026-06-02-23    12 hours" in told.stderr
    assert "daemon is silent (BACKFILL, QUEUED_RUN_COORDINATOR)" in told.stderr
    assert len(deployment.instance.get_backfills()) == before


@pytest.mark.parametrize(
    ("answer", "told"), [("n\n", "nothing was started"), ("", "--yes goes on without asking")]
)
def test_more_than_a_day_is_asked_for(
    run: Run, deployment: Deployment, answer: str, told: str
) -> None:
    before = len(deployment.instance.get_backfills())
    refused = run("2026-06-01", "2026-06-02-00", answer=answer)
    assert refused.exit_code == 1
    assert told in refused.stderr
    assert len(deployment.instance.get_backfills()) == before


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("2026-06-02", "2026-06-01"), 2, "lies before FROM"),
        (("yesterday", "today"), 2, "is no hour"),
        (("2026-05-31", "2026-06-01"), 1, "up --first-hour 2026-05-31-00"),
        (("2026-06-01", "2026-06-03"), 1, "has no partition"),
        (("2026-06-01", "2026-06-01", "--chunk-hours", "13"), 1, "12 hours at most"),
    ],
)
def test_hours_that_cannot_be_rebuilt_are_refused(
    run: Run, options: tuple[str, ...], code: int, told: str
) -> None:
    refused = run(*options)
    assert (refused.exit_code, told in refused.stderr) == (code, True), refused.stderr


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1:1", "Dagster does not answer at http://127.0.0.1:1"),
        ("127.0.0.1:3000", "is no address"),
        (None, "no platform is running"),
    ],
)
def test_an_address_without_dagster_is_told(run: Run, url: str | None, told: str) -> None:
    refused = run("2026-06-01", "2026-06-01", url=url)
    assert (refused.exit_code, told in refused.stderr) == (1, True), refused.stderr


def test_something_else_than_dagster_is_told(run: Run, deployment: Deployment) -> None:
    refused = run("2026-06-01", "2026-06-01", url=f"{deployment.url}/somewhere")
    assert refused.exit_code == 1
    assert "something else than Dagster" in refused.stderr
