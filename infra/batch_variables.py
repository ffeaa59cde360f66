"""The batch side's variables, as `clickstream_platform.settings` reads them.

Belongs here: the names of what it works on, once for wherever it runs. Settings of its policies are
added by whoever starts it.
"""

import json
from collections.abc import Sequence

from infra.resource_types import DataSet
from infra.topology import Topology

PREFIX = "CLICKSTREAM_"


def batch_variables(topology: Topology, data_sets: Sequence[DataSet]) -> dict[str, str]:
    """The variables, with `{account}` and `{region}` left in them.

    Args:
        topology: What there is.
        data_sets: What of it is served in SPICE.
    """
    notified = next(bucket for bucket in topology.buckets if bucket.notify_queue is not None)
    names = {
        "LAKE_BUCKET": notified.name,
        "RESULTS_BUCKET": topology.results_bucket,
        "DATABASE": topology.database,
        "WORKGROUP": topology.workgroup,
        "RAW_OBJECTS_QUEUE": notified.notify_queue or "",
        "STREAM": topology.stream.name,
        "COUNTERS_TABLE": f"{topology.stack}-counters",
        "ALERTS_TABLE": f"{topology.stack}-alerts",
        "ACCOUNT_ID": "{account}",
        "ALERT_TOPIC_ARN": f"arn:aws:sns:{{region}}:{{account}}:{topology.alert_topic.name}",
        "DATA_SETS": json.dumps({one.table: one.id for one in data_sets}),
    }
    return {f"{PREFIX}{name}": value for name, value in names.items()}


def served_in_account(topology: Topology) -> tuple[DataSet, ...]:
    """What is served in an account: nothing in one that has no QuickSight to load it into."""
    return () if topology.hosting.quicksight_principal is None else topology.data_sets
