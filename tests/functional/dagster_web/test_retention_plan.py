"""Who carries retention out: Dagster where it runs, else this process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
import pytest
from moto import mock_aws

from clickstream_platform.settings import Settings
from infra.dagster_at import DagsterAt
from infra.dagster_web.graphql import DagsterError
from infra.local.endpoints import ACCOUNT
from infra.local.processes import free_port
from infra.retention.plan import build_plan
from infra.topology import build_topology
from tests.functional.dagster_web.code_location import POLICY
from tests.functional.dagster_web.deployment import Deployment
from tests.unit.deploy.fake_site import fake_site


@contextmanager
def dagster_on(port: int) -> Iterator[None]:
    """Something that answers as Dagster does when it is asked whether it is there."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"dagster_version": "1.13"}')

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            return None

    server = HTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty lake with its tables."""
    for name in ("", "_S3", "_GLUE"):
        monkeypatch.delenv(f"AWS_ENDPOINT_URL{name}", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    topology = build_topology(ACCOUNT)
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=topology.buckets[0].name)
        glue = boto3.client("glue")
        glue.create_database(DatabaseInput={"Name": topology.database})
        for table in ("raw_events", "events"):
            glue.create_table(DatabaseName=topology.database, TableInput={"Name": table})
        yield


def test_dagster_does_it_by_its_own_limits(deployment: Deployment) -> None:
    """The shell's are 30 days; a person is shown what really counts."""
    assert Settings().raw_retention_days == 30
    plan = build_plan(fake_site(), DagsterAt(deployment.url, may_be_absent=True))
    assert plan.policy == POLICY
    assert plan.by.startswith(f"By Dagster at {deployment.url}")


@pytest.mark.usefixtures("lake")
def test_where_no_dagster_runs_this_process_does_it() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    plan = build_plan(fake_site(), DagsterAt(url, may_be_absent=True))
    assert plan.by.startswith(f"No Dagster answers at {url}, so nobody rebuilds hours")
    assert plan.look(lambda _: None).dry_run
    assert not plan.carry_out(lambda _: None).dry_run


@pytest.mark.usefixtures("lake")
def test_a_dagster_that_was_started_meanwhile_is_not_deleted_beside() -> None:
    port = free_port()
    plan = build_plan(fake_site(), DagsterAt(f"http://127.0.0.1:{port}", may_be_absent=True))
    with dagster_on(port), pytest.raises(DagsterError, match="nothing was deleted: run it again"):
        plan.carry_out(lambda _: None)


def test_a_dagster_that_may_not_be_absent_has_to_be_there() -> None:
    with pytest.raises(DagsterError, match="no Dagster answers"):
        build_plan(fake_site(), DagsterAt(f"http://127.0.0.1:{free_port()}", may_be_absent=False))
