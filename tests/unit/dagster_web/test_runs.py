"""Runs that Dagster runs again by itself."""

from typing import Any, cast

from infra.dagster_web.graphql import GraphQL
from infra.dagster_web.runs import Run, Runs


class FakeGraphQL:
    """Runs as a script tells them: each look takes the next state of its run."""

    url = "http://dagster"

    def __init__(self, states: dict[str, list[tuple[str, dict[str, str]]]]) -> None:
        self.states = states

    def ask(self, _: str, run: str) -> dict[str, Any]:
        left = self.states[run]
        status, tags = left.pop(0) if len(left) > 1 else left[0]
        told = [{"key": key, "value": value} for key, value in tags.items()]
        found = {"__typename": "Run", "runId": run, "status": status, "tags": told}
        return {"runOrError": found}


WILL_RETRY = {"dagster/will_retry": "true"}
RETRIED = {**WILL_RETRY, "dagster/auto_retry_run_id": "b"}


def test_a_run_has_not_ended_while_dagster_means_to_run_it_again() -> None:
    """Who takes the failure for the end begins the same beside the retry."""
    states = {
        "a": [("STARTED", {}), ("FAILURE", WILL_RETRY), ("FAILURE", RETRIED)],
        "b": [("QUEUED", {}), ("STARTED", {}), ("SUCCESS", {})],
    }
    told: list[Run] = []
    runs = Runs(cast("GraphQL", FakeGraphQL(states)), poll_s=0)
    ended = runs.follow("a", told.append)
    assert (ended.run_id, ended.is_done) == ("b", True)
    assert [(run.run_id, run.status) for run in told] == [
        ("a", "STARTED"),
        ("a", "FAILURE"),
        ("b", "QUEUED"),
        ("b", "STARTED"),
        ("b", "SUCCESS"),
    ]


def test_a_failure_that_is_not_tried_again_is_the_end() -> None:
    states = {"a": [("FAILURE", {"dagster/will_retry": "false"})]}
    ended = Runs(cast("GraphQL", FakeGraphQL(states)), poll_s=0).follow("a", lambda _: None)
    assert (ended.is_final, ended.is_done) == (True, False)
