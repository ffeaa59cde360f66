"""What is asked, against the Dagster installed."""

import socket
from types import ModuleType

import pytest
from dagster_graphql.schema import create_schema
from graphql import GraphQLSchema, parse, validate

from infra.backfill import queries as of_backfills
from infra.dagster_web import queries
from infra.dagster_web.assets import asset_metadata
from infra.dagster_web.graphql import DagsterError, GraphQL
from infra.dagster_web.workspace import find_job
from infra.deploy.doctor import queries as of_doctor
from infra.local.processes import free_port
from tests.functional.dagster_web.deployment import Deployment


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return create_schema().graphql_schema


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (one, name)
        for one in (queries, of_backfills, of_doctor)
        for name in vars(one)
        if name.isupper()
    ],
)
def test_questions_are_such_as_the_installed_dagster_answers(
    schema: GraphQLSchema, module: ModuleType, name: str
) -> None:
    """GraphQL is no versioned interface of Dagster: an update may take a field away."""
    assert validate(schema, parse(getattr(module, name))) == []


def test_jobs_and_assets_are_found(deployment: Deployment) -> None:
    graphql = GraphQL(deployment.url)
    assert find_job(graphql, "retention").partition_set is None
    assert find_job(graphql, "marts").name == "marts"
    assert asset_metadata(graphql, ["lake", "retention"])["raw_retention_days"] == 7
    with pytest.raises(DagsterError, match="no code location there has the job other"):
        find_job(graphql, "other")
    with pytest.raises(DagsterError, match="nobody"):
        asset_metadata(graphql, ["marts", "nobody"])


def test_nobody_and_a_stranger_are_not_dagster(deployment: Deployment) -> None:
    assert GraphQL(deployment.url).answers()
    assert not GraphQL(f"{deployment.url}/graphql").answers()
    assert not GraphQL(f"http://127.0.0.1:{free_port()}").answers()


def test_one_that_listens_and_does_not_answer_may_be_dagster() -> None:
    """Who takes a web server that is starting for none builds or deletes beside its runs."""
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        graphql = GraphQL(f"http://127.0.0.1:{port}", timeout_s=0.2)
        with pytest.raises(DagsterError, match="does not answer"):
            graphql.answers()
