"""By whom the marts are built, and what is said when they are not.

Dagster itself is asked in `tests/functional/dagster_web`.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from clickstream_platform.settings import Settings
from infra.dagster_at import DagsterAt
from infra.dagster_web import queries
from infra.dagster_web.graphql import DagsterError, GraphQL, UnreachableError
from infra.erasure import rebuilding
from infra.erasure.assembly import rebuilder_of
from infra.erasure.errors import ErasureError
from infra.erasure.rebuilding import DagsterRebuilder, DbtRebuilder, NoRebuilder
from infra.local.processes import free_port
from infra.topology import build_topology
from tests.unit.deploy.fake_site import fake_site

REPOSITORY = {"name": "repo", "jobs": [{"name": "marts"}], "partitionSets": []}
LOADED = {"__typename": "RepositoryLocation", "repositories": [REPOSITORY]}
WORKSPACE = {
    "__typename": "Workspace",
    "locationEntries": [{"name": "here", "locationOrLoadError": LOADED}],
}


class FakeGraphQL:
    """A Dagster whose run is in each of some states, one after the other."""

    url = "http://dagster"

    def __init__(self, *statuses: str) -> None:
        self.statuses = list(statuses)
        self.launched: list[Any] = []
        self.error: DagsterError | None = None

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        if self.error is not None:
            raise self.error
        if document == queries.LOCATIONS:
            return {"workspaceOrError": WORKSPACE}
        if document == queries.LAUNCH_RUN:
            self.launched.append(variables["run"])
            return {"launchRun": {"__typename": "LaunchRunSuccess", "run": {"runId": "r"}}}
        assert document == queries.RUN
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        run = {"__typename": "Run", "runId": "r", "status": status, "tags": []}
        return {"runOrError": run}


def rebuilder(graphql: FakeGraphQL) -> DagsterRebuilder:
    return DagsterRebuilder(cast("GraphQL", graphql), poll_s=0)


def test_a_run_is_told_the_hours() -> None:
    """The person's hours may all lie before Dagster's first partition."""
    graphql = FakeGraphQL("QUEUED", "STARTED", "SUCCESS")
    rebuilder(graphql).rebuild(["1999-01-01-00", "2026-11-22-08", "2026-11-22-07"])
    [params] = graphql.launched
    told = params["runConfigData"]["ops"]["dbt_models"]["config"]
    assert told == {"hours": ["1999-01-01-00", "2026-11-22-07", "2026-11-22-08"]}
    assert graphql.statuses == ["SUCCESS"]


def test_without_any_hour_a_run_finds_out_by_itself() -> None:
    graphql = FakeGraphQL("SUCCESS")
    rebuilder(graphql).rebuild([])
    [params] = graphql.launched
    assert params["runConfigData"] == {}


def test_a_run_that_was_canceled_has_built_nothing() -> None:
    with pytest.raises(ErasureError, match=r"ended with CANCELED \(http://dagster/runs/r\)"):
        rebuilder(FakeGraphQL("STARTED", "CANCELED")).rebuild([])


def test_a_run_that_never_begins_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rebuilding, "_LIMIT_S", 0.0)
    with pytest.raises(ErasureError, match="still QUEUED: http://dagster/runs/r"):
        rebuilder(FakeGraphQL("QUEUED")).rebuild([])


def test_what_dagster_refuses_is_said() -> None:
    graphql = FakeGraphQL("SUCCESS")
    graphql.error = UnreachableError("Dagster does not answer")
    with pytest.raises(ErasureError, match="cannot be built: Dagster does not answer"):
        rebuilder(graphql).rebuild([])


def test_where_no_dagster_runs_dbt_is_asked() -> None:
    where = DagsterAt(f"http://127.0.0.1:{free_port()}", may_be_absent=True)
    assert isinstance(rebuilder_of(fake_site(), Settings(), where), DbtRebuilder)


def test_a_dagster_that_has_to_be_there_is_not_passed_over() -> None:
    """Somebody else's build of the same marts would be undone, or undo this one."""
    where = DagsterAt(None, False, "nobody told", "open the way")
    with pytest.raises(ErasureError, match="no Dagster is known: nobody told; open the way"):
        rebuilder_of(fake_site(), Settings(), where)


def test_dbt_is_told_the_names_of_the_platforms_account() -> None:
    """By defaults, it would build the marts of another stack."""
    site = replace(fake_site(), topology=build_topology("210987654321", stack="shop"))
    site = replace(site, identity=replace(site.identity, account="210987654321"))
    found = rebuilder_of(site, Settings(), DagsterAt(None, may_be_absent=True))
    assert isinstance(found, DbtRebuilder)
    told = found._environment
    assert told["CLICKSTREAM_LAKE_BUCKET"] == "shop-lake-210987654321"
    assert (told["CLICKSTREAM_DATABASE"], told["CLICKSTREAM_WORKGROUP"]) == ("shop_db", "shop")
    assert told["CLICKSTREAM_ACCOUNT_ID"] == "210987654321"
    assert told["CLICKSTREAM_ALERT_TOPIC_ARN"].startswith("arn:aws:sns:eu-central-1:210987654321:")
    assert json.loads(told["CLICKSTREAM_DATA_SETS"])["sessions"] == "shop-sessions"


def test_who_only_looks_builds_nothing() -> None:
    with pytest.raises(ErasureError, match="who only looks builds no marts"):
        NoRebuilder().rebuild(["2026-11-22-08"])


def test_a_dbt_that_fails_is_said(tmp_path: Path) -> None:
    with pytest.raises(ErasureError, match="the marts cannot be built"):
        DbtRebuilder(tmp_path, {}, 14).rebuild([])
