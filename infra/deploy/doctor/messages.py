"""Queues and topics: there, set as described, and empty where they ought to be.

Belongs here: SQS and SNS. Which bucket announces objects on a queue belongs in `buckets`.
"""

import json
from collections.abc import Iterator, Mapping

from infra.deploy.doctor.findings import Finding, missing, ok, problem, warning
from infra.deploy.sites import Site
from infra.resource_types import Queue, Topic
from infra.topology import Topology

_DEPTH = "ApproximateNumberOfMessages"
_UNKNOWN_QUEUE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}


def check_queue(site: Site, queue: Queue) -> Iterator[Finding]:
    """A queue: its redrive, its times, and what waits on it."""
    subject, sqs = f"queue {queue.name}", site.client("sqs")
    try:
        url = sqs.get_queue_url(QueueName=queue.name)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        yield missing(subject, _use_of(site.topology, queue), site.recreate)
        return
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    wrong = _differences(queue, found)
    if wrong:
        means = "messages come back too early or too late, or vanish instead of being set aside"
        yield problem(subject, "; ".join(wrong), means, site.recreate)
        return
    yield _depth(site, queue, int(found[_DEPTH]))


def _differences(queue: Queue, found: Mapping[str, str]) -> list[str]:
    policy = json.loads(found.get("RedrivePolicy") or "{}")
    target = policy.get("deadLetterTargetArn", "").rpartition(":")[2] or None
    receives = policy.get("maxReceiveCount")
    compared = (
        ("its dead-letter queue", target, queue.dead_letter),
        ("deliveries before that", receives and int(receives), queue.max_receives),
        ("visibility in seconds", int(found["VisibilityTimeout"]), queue.visibility_s),
        ("retention in seconds", int(found["MessageRetentionPeriod"]), queue.retention_s),
    )
    return [f"{what}: {is_} instead of {wanted}" for what, is_, wanted in compared if is_ != wanted]


def _depth(site: Site, queue: Queue, depth: int) -> Finding:
    subject, says = f"queue {queue.name}", f"{depth:,} message{'' if depth == 1 else 's'}"
    if not depth or queue.name not in _to_be_empty(site.topology):
        return ok(subject, f"as described, {says}")
    if queue.name in _failure_queues(site.topology):
        means = "batches that a function gave up: their records are on the stream for a day only"
        do = f"clickstream redrive{site.options}; docs/operations.md, Poison records"
        return problem(subject, says, means, do)
    means = (
        "announcements of objects that the batch side could not read; it lists them at 02:15 UTC"
    )
    do = "docs/operations.md, Lost notifications"
    return problem(subject, says, means, do)


def _to_be_empty(topology: Topology) -> set[str]:
    dead = {queue.dead_letter for queue in topology.queues if queue.dead_letter is not None}
    return dead | _failure_queues(topology)


def _failure_queues(topology: Topology) -> set[str]:
    return {
        function.mapping.on_failure_queue
        for function in topology.functions
        if function.mapping is not None and function.mapping.on_failure_queue is not None
    }


def _use_of(topology: Topology, queue: Queue) -> str:
    if queue.name in _failure_queues(topology):
        return "a batch that a function gives up is forgotten"
    if queue.name in _to_be_empty(topology):
        return "a message that cannot be read is forgotten"
    return "the batch side hears of no new object"


def check_topic(site: Site, topic: Topic) -> Iterator[Finding]:
    """A topic: there, and somebody listens."""
    subject, sns, identity = f"topic {topic.name}", site.client("sns"), site.identity
    partition = identity.arn.split(":")[1]
    arn = f"arn:{partition}:sns:{identity.region}:{identity.account}:{topic.name}"
    try:
        found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    except sns.exceptions.NotFoundException:
        means = "alerts and failed runs reach nobody, and the detector's batches fail"
        yield missing(subject, means, site.recreate)
        return
    if int(found.get("SubscriptionsConfirmed", 0)):
        yield ok(subject, f"{found['SubscriptionsConfirmed']} subscriptions")
        return
    do = f"aws sns subscribe --topic-arn {arn} --protocol email --notification-endpoint YOU@EXAMPLE"
    yield warning(subject, "nobody subscribes", "alerts and failed runs reach nobody", do)
