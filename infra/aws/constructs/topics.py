"""The topics: what the detector raises, and what operators are told.

Belongs here: SNS topics, who may publish and who is told. When somebody is told belongs to
`infra.alarms` and the detector.
"""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.resource_types import Topic


class Topics(Construct):
    """Topics that refuse whoever does not speak TLS; the last is the operators'."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        topics: tuple[Topic, ...],
        key: kms.IKey | None,
        email: str | None,
    ) -> None:
        super().__init__(scope, id_)
        for topic in topics:
            created = sns.Topic(
                self,
                topic.name,
                topic_name=topic.name,
                enforce_ssl=True,
                master_key=key,
            )
            if key is None and topic.is_encrypted:
                resource = created.node.default_child
                assert isinstance(resource, sns.CfnTopic)  # noqa: S101 - tells the type checker
                resource.kms_master_key_id = "alias/aws/sns"
            if topic.publishers:
                created.add_to_resource_policy(_publishing(topic, created.topic_arn))
        if email is not None:
            sns.Subscription(
                self,
                "Operators",
                topic=created,
                protocol=sns.SubscriptionProtocol.EMAIL,
                endpoint=email,
            )


def _publishing(topic: Topic, arn: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal(f"{one}.amazonaws.com") for one in topic.publishers],
        actions=["sns:Publish"],
        resources=[arn],
        conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
    )
