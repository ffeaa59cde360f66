"""The lake and Athena's answers.

Belongs here: buckets, what S3 does with old objects by itself, and what it announces. The layout of
the lake belongs in `lambdas.shared.lake`.
"""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.aws.acknowledgements import acknowledge
from infra.aws.arns import bucket_arn, filled, queue_arn
from infra.resource_types import Bucket, LifecycleRule


class Buckets(Construct):
    """Buckets that nobody outside the account may read and nobody without TLS."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        buckets: tuple[Bucket, ...],
        queues: dict[str, sqs.Queue],
        key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, id_)
        for bucket in buckets:
            created = self._bucket(bucket, key)
            acknowledge(
                created,
                "S1",
                "Only roles of this platform read or write it. Server access logs would be one "
                "more store with names of people's objects, to be erased like the others; who "
                "must have an audit switches on CloudTrail's data events for it.",
            )
            if bucket.notify_queue is not None:
                _announce(bucket, created, queues[bucket.notify_queue])

    def _bucket(self, bucket: Bucket, key: kms.IKey | None) -> s3.Bucket:
        return s3.Bucket(
            self,
            bucket.name.replace("-{account}", ""),
            bucket_name=filled(bucket.name),
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            bucket_key_enabled=None if key is None else True,  # one call of KMS for many objects
            lifecycle_rules=[_lifecycle_rule(rule) for rule in bucket.lifecycle],
            removal_policy=RemovalPolicy.RETAIN,
        )


def _lifecycle_rule(rule: LifecycleRule) -> s3.LifecycleRule:
    abort, tier, expire = (
        None if days is None else Duration.days(days)
        for days in (rule.abort_multipart_days, rule.intelligent_tiering_days, rule.expire_days)
    )
    transition = s3.Transition(
        storage_class=s3.StorageClass.INTELLIGENT_TIERING, transition_after=tier
    )
    return s3.LifecycleRule(
        id=rule.id,
        enabled=True,
        prefix=rule.prefix or None,
        abort_incomplete_multipart_upload_after=abort,
        transitions=None if tier is None else [transition],
        expiration=expire,
    )


def _announce(bucket: Bucket, created: s3.Bucket, queue: sqs.Queue) -> None:
    """Announces new objects on a queue.

    By the bucket's own property: CDK's `add_event_notification` would add a function of its own
    that sets it. S3 tries the queue when the bucket is created, so the queue's policy comes first.
    """
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("s3.amazonaws.com")],
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            conditions={
                "ArnEquals": {"aws:SourceArn": bucket_arn(bucket.name)},
                "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
            },
        )
    )
    resource = created.node.default_child
    assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - tells the type checker
    rule = s3.CfnBucket.FilterRuleProperty(name="prefix", value=bucket.notify_prefix or "")
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        queue_configurations=[
            s3.CfnBucket.QueueConfigurationProperty(
                event="s3:ObjectCreated:*",
                queue=queue_arn(bucket.notify_queue or ""),
                filter=s3.CfnBucket.NotificationFilterProperty(
                    s3_key=s3.CfnBucket.S3KeyFilterProperty(rules=[rule])
                ),
            )
        ]
    )
    created.node.add_dependency(queue.node.find_child("Policy"))
