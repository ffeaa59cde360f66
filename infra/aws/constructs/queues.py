"""The queues.

Belongs here: SQS queues, their dead letters and who may use them. What S3 announces on one of them
belongs in `buckets`.
"""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.aws.acknowledgements import acknowledge
from infra.resource_types import Queue


class Queues(Construct):
    """Encrypted queues that refuse whoever does not speak TLS.

    Attributes:
        by_name: The queues.
    """

    def __init__(
        self, scope: Construct, id_: str, queues: tuple[Queue, ...], key: kms.IKey | None
    ) -> None:
        super().__init__(scope, id_)
        self.by_name: dict[str, sqs.Queue] = {}
        dead_letters = {queue.dead_letter for queue in queues}
        for queue in queues:
            self.by_name[queue.name] = self._queue(queue, key)
            if queue.dead_letter is None and queue.name not in dead_letters:
                acknowledge(
                    self.by_name[queue.name],
                    "SQS3",
                    "It is where event source mappings put what they give up. Nothing receives "
                    "from it but a person's redrive; an alarm says when it is not empty.",
                )

    def _queue(self, queue: Queue, key: kms.IKey | None) -> sqs.Queue:
        dead = None
        if queue.dead_letter is not None and queue.max_receives is not None:
            dead = sqs.DeadLetterQueue(
                queue=self.by_name[queue.dead_letter], max_receive_count=queue.max_receives
            )
        return sqs.Queue(
            self,
            queue.name,
            queue_name=queue.name,
            visibility_timeout=Duration.seconds(queue.visibility_s),
            retention_period=Duration.seconds(queue.retention_s),
            dead_letter_queue=dead,
            encryption=sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED,
            encryption_master_key=key,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
