"""`clickstream cost` as a user runs it."""

import json

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.cost import Load
from infra.cost_commands import cost_report

RUNNER = CliRunner()


def test_json_answers_dollars_per_million_by_service() -> None:
    done = RUNNER.invoke(app, ["cost", "--events-per-day", "1000000", "--window", "1", "--json"])
    assert done.exit_code == 0
    answer = json.loads(done.stdout)
    assert answer["usd_per_million"] == pytest.approx(sum(answer["by_service"].values()), abs=1e-3)
    assert answer["window_s"] == 1
    assert answer["collector"]["included"] is False
    assert answer["documents"]["usd_per_million"] == pytest.approx(17.84, abs=0.2)
    assert answer["documents"]["by_service"]["cloudwatch calls"] == 10


def test_a_million_a_day_with_a_second_stays_below_its_limit() -> None:
    assert cost_report(Load(1e6, window_s=1))["usd_per_million"] <= 3.5


def test_a_function_that_cannot_keep_up_is_named() -> None:
    report = cost_report(Load(1e9, window_s=1, peak_factor=1))
    busy = [name for name, one in report["functions"].items() if one["busy"] > 0.8]
    assert [text.split()[0] for text in report["warnings"]] == busy


def test_the_table_names_both_designs() -> None:
    done = RUNNER.invoke(app, ["cost", "--events-per-day", "1e6"])
    assert done.exit_code == 0
    assert "ours" in done.stdout
    assert "dynamodb writes" in done.stdout


@pytest.mark.parametrize("volume", ["0", "-1", "nan"])
def test_a_wrong_volume_gets_a_message(volume: str) -> None:
    done = RUNNER.invoke(app, ["cost", "--events-per-day", volume])
    assert done.exit_code == 1
    assert "--events-per-day is" in done.stderr


def test_text_is_no_volume() -> None:
    done = RUNNER.invoke(app, ["cost", "--events-per-day", "many"])
    assert done.exit_code == 2
    assert "--events-per-day" in done.stderr
