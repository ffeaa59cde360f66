"""The marts are built by Dagster where it runs, in its own order, else by dbt itself."""

import json
from pathlib import Path
from typing import Any

import pytest
import urllib3

from infra.erasure.errors import ErasureError
from infra.erasure.rebuilding import DagsterRebuilder, DbtRebuilder

MARTS = ["page_views_hourly", "sessions"]
JOBS = [{"name": "hourly_rollup"}]
LOADED = {"nodes": [{"name": "__repository__", "location": {"name": "here"}, "jobs": JOBS}]}


class Answer:
    def __init__(self, document: Any) -> None:
        self.data = json.dumps(document).encode()

    def json(self) -> Any:
        return json.loads(self.data)


class FakeDagster:
    """Answers as Dagster's web server; a run is queued, works and ends."""

    def __init__(self) -> None:
        self.repositories: dict[str, Any] = LOADED
        self.hours = ["2026-11-22-08", "2026-11-22-09"]
        self.launched: list[Any] = []
        self.refusal: dict[str, Any] | None = None
        self.statuses = ["QUEUED", "STARTED", "SUCCESS"]

    def request(self, method: str, url: str, **options: Any) -> Answer:
        if method == "GET":
            return Answer({"dagster_version": "1.13"})
        body = options["json"]
        if "launchRun" in body["query"]:
            self.launched.append(body["variables"]["params"])
            return Answer({"data": {"launchRun": self.refusal or {"run": {"runId": "r"}}}})
        if "runOrError" in body["query"]:
            return Answer({"data": {"runOrError": {"status": self.statuses.pop(0)}}})
        node = {"partitionKeys": self.hours}
        data = {"repositoriesOrError": self.repositories, "assetNodeOrError": node}
        return Answer({"data": data})


def rebuilder(dagster: Any) -> DagsterRebuilder:
    return DagsterRebuilder("http://dagster", dagster, poll_s=0)


def test_a_run_of_the_marts_alone_is_queued_and_awaited() -> None:
    dagster = FakeDagster()
    rebuilder(dagster).rebuild(MARTS, ["2026-11-22-08", "1999-01-01-00"])
    [params] = dagster.launched
    assert params["selector"] == {
        "repositoryLocationName": "here",
        "repositoryName": "__repository__",
        "jobName": "hourly_rollup",
        "assetSelection": [{"path": ["marts", mart]} for mart in MARTS],
        "assetCheckSelection": [],
    }
    tags = {tag["key"]: tag["value"] for tag in params["executionMetadata"]["tags"]}
    assert tags == {"dagster/partition": "2026-11-22-08", "clickstream/reason": "erasure"}
    assert dagster.statuses == []


def test_a_run_is_of_an_hour_dagster_knows() -> None:
    """The person's hours may all lie before its first partition."""
    dagster = FakeDagster()
    rebuilder(dagster).rebuild(MARTS, ["1999-01-01-00"])
    [tag, _] = dagster.launched[0]["executionMetadata"]["tags"]
    assert tag["value"] == "2026-11-22-09"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"statuses": ["STARTED", "FAILURE"]}, "ended with FAILURE: see run r"),
        ({"refusal": {"__typename": "PythonError", "message": "no"}}, "does not launch .*: no"),
        ({"refusal": {"__typename": "RunConfigValidationInvalid"}}, "RunConfigValidationInvalid"),
        ({"repositories": {"nodes": []}}, "its code location is not loaded"),
        ({"repositories": {"message": "broken"}}, "hourly_rollup: broken"),
        ({"hours": []}, "no hour of the marts"),
    ],
)
def test_what_goes_wrong_is_said(changes: dict[str, Any], message: str) -> None:
    dagster = FakeDagster()
    for name, value in changes.items():
        setattr(dagster, name, value)
    with pytest.raises(ErasureError, match=message):
        rebuilder(dagster).rebuild(MARTS, [])


def test_a_stranger_on_the_port_is_not_dagster() -> None:
    class Stranger:
        def request(self, *_: Any, **__: Any) -> Answer:
            return Answer({"hello": "world"})

    class Nobody:
        def request(self, *_: Any, **__: Any) -> Answer:
            raise urllib3.exceptions.HTTPError

    assert rebuilder(FakeDagster()).answers()
    assert not rebuilder(Stranger()).answers()
    assert not rebuilder(Nobody()).answers()


def test_a_dagster_that_goes_away_is_said() -> None:
    class Gone:
        def request(self, *_: Any, **__: Any) -> Answer:
            raise urllib3.exceptions.HTTPError("reset")

    with pytest.raises(ErasureError, match="does not answer: reset"):
        rebuilder(Gone()).rebuild(MARTS, [])


def test_a_dbt_that_fails_is_said(tmp_path: Path) -> None:
    with pytest.raises(ErasureError, match="the marts cannot be built"):
        DbtRebuilder(tmp_path, {}).rebuild(MARTS, [])
