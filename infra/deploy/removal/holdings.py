"""What a platform holds in an account, resource by resource: is it there, and how is it deleted.

Belongs here: what keeps data, and what outlives the stacks of a deployment. What the stack of
compute holds is CloudFormation's to delete.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from infra.deploy.access import Clients, Identity
from infra.deploy.bucket_region import region_of_bucket
from infra.deploy.removal.emptying import empty_bucket
from infra.resource_types import Bucket, Queue, Stream, Table, Topic
from infra.topology import Topology

_WAIT = {"Delay": 2, "MaxAttempts": 150}
_GONE = {
    "404",
    "AWS.SimpleQueueService.NonExistentQueue",
    "DBInstanceNotFound",
    "DBSnapshotNotFound",
    "EntityNotFoundException",
    "NoSuchBucket",
    "NotFound",
    "NotFoundException",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
}


class RemovalError(RuntimeError):
    """Something could not be deleted; the message names it."""


@dataclass(frozen=True)
class Holding:
    """One resource that holds data.

    Attributes:
        name: What it is, for a person: "table clickstream-alerts".
        looked_for: Asks for it; raises ClientError when it is not there.
        removal: Deletes it.
        preparation: Makes it such that anybody, CloudFormation included, can delete it.
    """

    name: str
    looked_for: Callable[[], Any]
    removal: Callable[[], Any]
    preparation: Callable[[], Any] = lambda: None

    def is_there(self) -> bool:
        """Whether it is there.

        Raises:
            RemovalError: If it is somewhere else, where it must not be touched.
        """
        try:
            self.looked_for()
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            return False
        return True

    def prepare(self) -> bool:
        """Empties it and lifts its protection; False when it was gone already.

        Raises:
            RemovalError: If AWS refuses.
        """
        return self._done(self.preparation)

    def delete(self) -> bool:
        """Deletes it; False when it was gone already.

        Raises:
            RemovalError: If AWS refuses.
        """
        return self._done(self.removal)

    def _done(self, call: Callable[[], Any]) -> bool:
        try:
            call()
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return False
            raise RemovalError(f"{self.name} was not deleted: {error}") from error
        except WaiterError as error:
            raise RemovalError(f"{self.name} is not gone after five minutes: {error}") from error
        return True


def holdings_of(topology: Topology, client: Clients, identity: Identity) -> list[Holding]:
    """All that holds data, in an order in which it can be deleted."""
    return [
        _stream(topology.stream, client("kinesis")),
        *(_table(one, client("dynamodb")) for one in topology.tables),
        *(_bucket(one, client("s3"), identity.region) for one in topology.buckets),
        *(_queue(one, client("sqs")) for one in topology.queues),
        *(_topic(one, client("sns"), identity) for one in topology.topics),
        _database(topology.database, client("glue")),
    ]


def there(holdings: list[Holding]) -> Iterator[Holding]:
    """Those that are there."""
    return (holding for holding in holdings if holding.is_there())


def _stream(stream: Stream, kinesis: Any) -> Holding:
    def remove() -> None:
        kinesis.delete_stream(StreamName=stream.name, EnforceConsumerDeletion=True)
        waiter = kinesis.get_waiter("stream_not_exists")
        waiter.wait(StreamName=stream.name, WaiterConfig=_WAIT)

    return Holding(
        f"stream {stream.name}",
        lambda: kinesis.describe_stream_summary(StreamName=stream.name),
        remove,
    )


def _table(table: Table, dynamodb: Any) -> Holding:
    def unprotect() -> None:
        found = dynamodb.describe_table(TableName=table.name)["Table"]
        if found.get("DeletionProtectionEnabled"):
            dynamodb.update_table(TableName=table.name, DeletionProtectionEnabled=False)
            dynamodb.get_waiter("table_exists").wait(TableName=table.name, WaiterConfig=_WAIT)

    def remove() -> None:
        dynamodb.delete_table(TableName=table.name)
        dynamodb.get_waiter("table_not_exists").wait(TableName=table.name, WaiterConfig=_WAIT)

    return Holding(
        f"table {table.name}",
        lambda: dynamodb.describe_table(TableName=table.name),
        remove,
        unprotect,
    )


def _bucket(bucket: Bucket, s3: Any, region: str) -> Holding:
    """A bucket of this region only.

    Its name says no region, and S3 sends whoever asks in another one on to where it is: a platform
    that is taken down over there would take this one's lake with it.
    """
    name = bucket.name

    def look() -> None:
        there = region_of_bucket(s3, name)
        if there != region:
            raise RemovalError(f"bucket {name} is in {there}, not in {region}: nothing was done")

    def empty() -> None:
        look()
        empty_bucket(s3, name)

    def remove() -> None:
        look()
        s3.delete_bucket(Bucket=name)

    return Holding(f"bucket {name}", look, remove, empty)


def _queue(queue: Queue, sqs: Any) -> Holding:
    def url() -> str:
        return str(sqs.get_queue_url(QueueName=queue.name)["QueueUrl"])

    return Holding(f"queue {queue.name}", url, lambda: sqs.delete_queue(QueueUrl=url()))


def _topic(topic: Topic, sns: Any, identity: Identity) -> Holding:
    partition = identity.arn.split(":")[1]
    arn = f"arn:{partition}:sns:{identity.region}:{identity.account}:{topic.name}"
    return Holding(
        f"topic {topic.name}",
        lambda: sns.get_topic_attributes(TopicArn=arn),
        lambda: sns.delete_topic(TopicArn=arn),
    )


def _database(database: str, glue: Any) -> Holding:
    return Holding(
        f"database {database}",
        lambda: glue.get_database(Name=database),
        lambda: glue.delete_database(Name=database),
    )
