"""The topology on the embedded AWS.

Belongs here: the order in which things are created through AWS's own API. Everything may exist
already, from an earlier start on the same state. What is created is in `provision_storage` and
`provision_catalog`.
"""

import boto3

from infra.local.provision_catalog import create_catalog, create_data_sets, create_workgroup
from infra.local.provision_storage import (
    create_bucket,
    create_queue,
    create_stream,
    create_table,
    create_topic,
)
from infra.topology import Topology


def provision(topology: Topology, account: str) -> None:
    """Creates every resource of a topology that is not there yet.

    Args:
        topology: What to create.
        account: The account id the emulators answer for.

    Raises:
        botocore.exceptions.ClientError: If AWS refuses something, other than its being there.
    """
    create_stream(topology.stream)
    for table in topology.tables:
        create_table(table)
    arns = {queue.name: "" for queue in topology.queues}
    for queue in topology.queues:
        arns[queue.name] = create_queue(queue, arns)
    for bucket in topology.buckets:
        create_bucket(bucket, arns)
    for topic in topology.topics:
        create_topic(topic)
    create_catalog(topology)
    create_workgroup(topology)
    create_data_sets(topology, account)
    boto3.client("kinesis").get_waiter("stream_exists").wait(
        StreamName=topology.stream.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
