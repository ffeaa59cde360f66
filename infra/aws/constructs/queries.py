"""Athena.

Belongs here: the work group. What is asked in it belongs to dbt, QuickSight and people.
"""

from aws_cdk import aws_athena as athena
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.aws.arns import filled
from infra.topology import Topology


class WorkGroup(Construct):
    """The work group, with a limit on what one statement may scan.

    It does not enforce its settings on clients, which is Athena's default: an enforced location
    overrides `external_location`, so that each table dbt makes would lie among the answers, where
    they expire. The limit holds all the same, and so does the bucket's encryption.
    """

    def __init__(
        self, scope: Construct, id_: str, topology: Topology, key: kms.IKey | None
    ) -> None:
        super().__init__(scope, id_)
        group = athena.CfnWorkGroup
        encryption = group.EncryptionConfigurationProperty(
            encryption_option="SSE_S3" if key is None else "SSE_KMS",
            kms_key=None if key is None else key.key_arn,
        )
        group(
            self,
            "WorkGroup",
            name=topology.workgroup,
            recursive_delete_option=True,  # a history of queries is no data
            work_group_configuration=group.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=False,
                publish_cloud_watch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=topology.hosting.scan_limit_bytes,
                result_configuration=group.ResultConfigurationProperty(
                    output_location=f"s3://{filled(topology.results_bucket)}/",
                    encryption_configuration=encryption,
                ),
            ),
        )
