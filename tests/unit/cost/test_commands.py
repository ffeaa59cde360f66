"""`clickstream cost` as a user runs it."""

import json

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.cost.load import Load
from infra.cost.report import cost_report

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
    assert answer["traffic"] == {"events_per_session": 10, "session_gap_s": 15.5}


@pytest.mark.parametrize(("window_s", "limit"), [(1, 3.5), (60, 1.3)])
def test_a_million_a_day_stays_below_its_limit(window_s: float, limit: float) -> None:
    assert cost_report(Load(1e6, window_s=window_s))["usd_per_million"] <= limit


def test_a_second_shard_costs_what_a_shard_costs() -> None:
    one, two = (cost_report(Load(1e6, window_s=60, shards=n)) for n in (1, 2))
    shards = [report["by_service"]["kinesis shards"] for report in (one, two)]
    assert (one["shards"], two["shards"], shards) == (1, 2, [0.36, 0.72])
    assert two["functions"]["aggregator"]["batch"] < one["functions"]["aggregator"]["batch"]


def test_what_is_assumed_about_sessions_can_be_told() -> None:
    options = ["--events-per-session", "30", "--session-gap", "8", "--json"]
    done = RUNNER.invoke(app, ["cost", "--events-per-day", "1e6", "--window", "60", *options])
    answer = json.loads(done.stdout)
    assert answer["usd_per_million"] < cost_report(Load(1e6, window_s=60))["usd_per_million"]
    assert any("30 events, 8 s apart" in text for text in answer["assumptions"])


def test_a_function_that_cannot_take_the_peak_is_named_with_what_it_needs() -> None:
    report = cost_report(Load(1e9, window_s=1, batch_size=10))
    peak = 1e9 / 86_400 / report["shards"] * 2
    slow = [n for n, one in report["functions"].items() if one["capacity_per_shard_s"] < 0.8 * peak]
    assert slow == ["aggregator", "anomaly_detector"]
    assert [text.split()[0] for text in report["warnings"]] == slow
    assert all("give it" in text for text in report["warnings"])


def test_the_tables_name_both_designs_and_the_batches() -> None:
    done = RUNNER.invoke(app, ["cost", "--events-per-day", "1e6"])
    assert done.exit_code == 0
    for text in ("ours", "dynamodb writes", "Batches on 1 shard\n", "anomaly_detector"):
        assert text in "\n".join(part.rstrip() for part in done.stdout.splitlines()) + "\n"


def test_a_profile_is_shown_beside_the_other() -> None:
    asked = ["cost", "--events-per-day", "1e6", "--delivery", "firehose"]
    answer = json.loads(RUNNER.invoke(app, [*asked, "--json"]).stdout)
    other = answer["other_profiles"]["lambda"]
    assert other["usd_per_million"] == cost_report(Load(1e6))["usd_per_million"]
    assert set(answer["by_service"]) - set(other["by_service"]) == {
        "firehose ingestion",
        "firehose conversion",
        "firehose partitioning",
    }
    assert "firehose_transform" in answer["functions"]
    assert any("5 KB" in text for text in answer["assumptions"])
    shown = RUNNER.invoke(app, asked, env={"COLUMNS": "120"}).stdout
    assert "ours, firehose" in shown
    assert "ours, lambda" in shown
    assert "ours, " not in RUNNER.invoke(app, asked[:3]).stdout


@pytest.mark.parametrize("volume", ["0", "-1", "nan"])
def test_a_wrong_volume_gets_a_message(volume: str) -> None:
    done = RUNNER.invoke(app, ["cost", "--events-per-day", volume])
    assert done.exit_code == 1
    assert "--events-per-day is" in done.stderr


def test_too_few_shards_get_a_message() -> None:
    done = RUNNER.invoke(app, ["cost", "--events-per-day", "1e9", "--shards", "3"])
    assert done.exit_code == 1
    assert "this load needs 24" in done.stderr


def test_text_is_no_volume() -> None:
    done = RUNNER.invoke(app, ["cost", "--events-per-day", "many"])
    assert done.exit_code == 2
    assert "--events-per-day" in done.stderr
