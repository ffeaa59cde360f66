"""What `clickstream alerts` prints."""

import io
import json
from typing import Any

import pytest
from rich.console import Console

from infra.alerts import alerts_json, alerts_table, read_alerts

ITEMS = [
    {
        "alert_id": {"S": "traffic_spike#click#2026-11-23T01:04"},
        "rule": {"S": "traffic_spike"},
        "detected_at": {"S": "2026-11-23T01:04:00+00:00"},
        "evidence": {"S": json.dumps({"events": 61, "mean_before": 20})},
        "state": {"S": "pending"},
    },
    {
        "alert_id": {"S": "suspicious_user_agent#[red]s"},
        "rule": {"S": "suspicious_user_agent"},
        "session_id": {"S": "[red]s"},
        "detected_at": {"S": "2026-11-23T01:05:00.123456+00:00"},
        "evidence": {"S": json.dumps({"user_agent": "SomeBot\x1b[2J"})},
        "state": {"S": "published"},
    },
]


class Scan:
    def get_paginator(self, operation: str) -> "Scan":
        assert operation == "scan"
        return self

    def paginate(self, TableName: str) -> list[dict[str, Any]]:  # noqa: N803
        assert TableName == "c-alerts"
        return [{"Items": ITEMS[:1]}, {"Items": ITEMS[1:]}]


@pytest.mark.parametrize(
    ("rule", "rules"),
    [
        (None, ["suspicious_user_agent", "traffic_spike"]),
        ("traffic_spike", ["traffic_spike"]),
        ("another", []),
    ],
)
def test_the_latest_come_first(rule: str | None, rules: list[str]) -> None:
    found = read_alerts(Scan(), "c", rule)  # type: ignore[arg-type]
    assert [alert.rule for alert in found] == rules


def test_what_visitors_send_is_printed_as_it_is() -> None:
    out = io.StringIO()
    alerts = read_alerts(Scan(), "c", None)  # type: ignore[arg-type]
    Console(file=out, width=200).print(alerts_table(alerts, 1))
    printed = out.getvalue()
    assert "[red]s" in printed
    assert "SomeBot\\x1b[2J" in printed
    assert "traffic_spike" not in printed


def test_json_has_evidence_as_an_object() -> None:
    alerts = read_alerts(Scan(), "c", "traffic_spike")  # type: ignore[arg-type]
    [alert] = json.loads(alerts_json(alerts, 5))
    assert alert["evidence"] == {"events": 61, "mean_before": 20}
    assert (alert["session_id"], alert["state"]) == (None, "pending")
