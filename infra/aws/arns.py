"""Names and ARNs in whichever account and region the templates are deployed to.

Belongs here: filling in the topology's placeholders and spelling ARNs. The stacks find each other's
resources by these names, so that neither holds the other's outputs and each can be replaced.
"""

from aws_cdk import Aws

from infra.topology import Topology


def filled(text: str) -> str:
    """A text of the topology, its `{account}` and `{region}` those of the deployment."""
    return text.replace("{account}", Aws.ACCOUNT_ID).replace("{region}", Aws.REGION)


def arn(service: str, resource: str) -> str:
    """The ARN of a resource in this account and region."""
    return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"


def stream_arn(name: str) -> str:
    """The ARN of a stream."""
    return arn("kinesis", f"stream/{name}")


def queue_arn(name: str) -> str:
    """The ARN of a queue."""
    return arn("sqs", name)


def topic_arn(name: str) -> str:
    """The ARN of a topic."""
    return arn("sns", name)


def bucket_arn(name: str) -> str:
    """The ARN of a bucket; it names no account."""
    return f"arn:{Aws.PARTITION}:s3:::{filled(name)}"


def ops_topic_arn(topology: Topology) -> str:
    """The ARN of the topic operators listen to."""
    return topic_arn(topology.ops_topic.name)
