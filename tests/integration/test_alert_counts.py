"""What the detector has stored becomes a table of the lake, on the embedded AWS."""

from datetime import UTC, datetime, timedelta

import boto3
import dagster as dg
import pytest

from clickstream_platform.defs.quality.alert_counts import build_alert_counts
from clickstream_platform.resources.alert_store import AlertStoreResource
from clickstream_platform.resources.athena import AthenaResource
from clickstream_platform.resources.lake import LakeResource
from infra.local.endpoints import ACCOUNT, REGION
from infra.local.launcher import Platform
from infra.local.provision import provision
from infra.topology import Topology, build_topology
from lambdas.anomaly_detector.rules import Alert
from lambdas.anomaly_detector.store import AlertStore

pytestmark = pytest.mark.integration

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def topology(platform: Platform) -> Topology:
    """A stack of its own on the running platform."""
    described = build_topology(ACCOUNT, stack="alertcounts")
    provision(described, ACCOUNT)
    return described


def raise_alerts(topology: Topology, rule: str, sessions: list[str | None]) -> None:
    """As the detector does."""
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:{topology.topics[0].name}"
    store = AlertStore(boto3.client("dynamodb"), boto3.client("sns"), topology.stack, topic)
    when = YESTERDAY.isoformat()
    store.raise_alerts([Alert(f"{rule}#{one}", rule, one, when, {"page": "/"}) for one in sessions])


def count(topology: Topology) -> list[dict[str, str | None]]:
    """Materializes the asset, then asks the table."""
    athena = AthenaResource(
        database=topology.database,
        workgroup=topology.workgroup,
        output_location=f"s3://{topology.results_bucket}/checks/",
    )
    [table] = [one.name for one in topology.tables if one.name.endswith("-alerts")]
    definitions = dg.Definitions.merge(
        build_alert_counts(),
        dg.Definitions(
            resources={
                "alert_store": AlertStoreResource(table=table),
                "lake": LakeResource(bucket=topology.buckets[0].name),
            }
        ),
    )
    assert definitions.resolve_job_def("alert_counts").execute_in_process().success
    return athena.query("SELECT day, rule, alerts, sessions FROM alert_counts ORDER BY rule")


def test_the_table_has_what_is_stored_each_time_it_is_counted(topology: Topology) -> None:
    day = f"{YESTERDAY:%Y-%m-%d}"
    raise_alerts(topology, "high_frequency_clicks", ["a", "b"])
    raise_alerts(topology, "traffic_spike", [None])
    clicks = {"day": day, "rule": "high_frequency_clicks", "alerts": "2", "sessions": "2"}
    spike = {"day": day, "rule": "traffic_spike", "alerts": "1", "sessions": "0"}
    assert count(topology) == [clicks, spike]
    raise_alerts(topology, "high_frequency_clicks", ["b", "c"])
    assert count(topology) == [{**clicks, "alerts": "3", "sessions": "3"}, spike]
