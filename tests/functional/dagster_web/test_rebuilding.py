"""An erasure has its marts built by Dagster itself."""

from collections.abc import Iterator

import dagster as dg
import pytest

from infra.dagster_web.graphql import GraphQL
from infra.erasure.errors import ErasureError
from infra.erasure.rebuilding import DagsterRebuilder
from tests.functional.dagster_web.code_location import BROKEN
from tests.functional.dagster_web.deployment import Deployment

MARTS = ["page_views_hourly", "sessions"]


@pytest.fixture
def rebuilder(deployment: Deployment) -> DagsterRebuilder:
    return DagsterRebuilder(GraphQL(deployment.url), poll_s=0.1)


@pytest.fixture
def broken(deployment: Deployment) -> Iterator[None]:
    file = deployment.home / BROKEN
    file.touch()
    yield
    file.unlink()


def test_a_run_of_the_marts_alone_is_awaited(
    deployment: Deployment, rebuilder: DagsterRebuilder
) -> None:
    rebuilder.rebuild(["2026-06-01-01", "1999-01-01-00"])
    run = deployment.instance.get_runs(limit=1)[0]
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert run.tags["clickstream/reason"] == "erasure"
    told = {"hours": ["1999-01-01-00", "2026-06-01-01"]}
    assert run.run_config["ops"]["dbt_models"]["config"] == told
    marts = {dg.AssetKey(["marts", mart]) for mart in MARTS}
    built = deployment.instance.get_latest_materialization_events([*marts])
    assert {event.run_id for event in built.values() if event} == {run.run_id}


@pytest.mark.usefixtures("broken")
def test_a_build_that_fails_says_why(rebuilder: DagsterRebuilder) -> None:
    with pytest.raises(
        ErasureError, match=r"ended with FAILURE: dbt_models: no such column \(http"
    ):
        rebuilder.rebuild([])
