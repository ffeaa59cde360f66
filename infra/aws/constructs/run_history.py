"""The database of Dagster's runs, and the network it shares with those who use it.

Belongs here: what must outlive a deployment of Dagster. Its tasks belong in `orchestration`.
"""

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from constructs import Construct

from infra.aws.acknowledgements import acknowledge
from infra.aws.constructs.network import Network
from infra.orchestration import RunHistory


class RunHistoryStore(Construct):
    """One instance of Postgres, encrypted, without a public address, with backups.

    RDS makes the user's password itself, keeps it in Secrets Manager and changes it every week; so
    it is in no template and nobody has to see it. The tasks notice (`infra.orchestration`).

    When the stack is deleted, a snapshot is left; before, somebody has to lift the protection.

    Attributes:
        network: The network.
        address: The host name.
        secret_arn: The secret with `username` and `password`.
    """

    def __init__(
        self, scope: Construct, id_: str, history: RunHistory, key: kms.IKey | None
    ) -> None:
        super().__init__(scope, id_)
        self.network = Network(self, "Network", history.port)
        self._key_arn = None if key is None else key.key_arn
        instance = self._instance(history)
        self.address = instance.attr_endpoint_address
        self.secret_arn = instance.attr_master_user_secret_secret_arn
        _argue(instance)
        self._tell()

    def _tell(self) -> None:
        """Exports what a service needs, whether there is one or not.

        CloudFormation refuses to take back an export that somebody imports, and the stack of data
        is deployed first: without this, no deployment could ever take the service away.
        """
        network = self.network
        subnets = [subnet.subnet_id for subnet in network.tasks]
        for value in (
            self.address,
            self.secret_arn,
            network.task_group.security_group_id,
            *subnets,
        ):
            Stack.of(self).export_value(value)

    def _instance(self, history: RunHistory) -> rds.CfnDBInstance:
        group = self.network.database_group
        created = rds.CfnDBInstance(
            self,
            "Instance",
            db_instance_identifier=history.name,
            db_name=history.database,
            engine="postgres",
            engine_version=history.version,
            auto_minor_version_upgrade=True,
            db_instance_class=history.instance,
            allocated_storage=str(history.storage_gb),
            max_allocated_storage=history.max_storage_gb,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=self._key_arn,
            master_username=history.user,
            manage_master_user_password=True,
            master_user_secret=rds.CfnDBInstance.MasterUserSecretProperty(kms_key_id=self._key_arn),
            port=str(history.port),
            db_parameter_group_name=self._parameters(history).ref,
            db_subnet_group_name=self._subnets().ref,
            vpc_security_groups=[group.security_group_id],
            publicly_accessible=False,
            multi_az=False,
            backup_retention_period=history.backup_days,
            copy_tags_to_snapshot=True,
            delete_automated_backups=True,
            deletion_protection=True,
            enable_cloudwatch_logs_exports=[],
        )
        created.apply_removal_policy(RemovalPolicy.SNAPSHOT)
        # cfn-lint takes a version without its minor one, which RDS chooses, for an old one
        created.add_metadata("cfn-lint", {"config": {"ignore_checks": ["W3691"]}})
        return created

    def _parameters(self, history: RunHistory) -> rds.CfnDBParameterGroup:
        return rds.CfnDBParameterGroup(
            self,
            "Parameters",
            family=f"postgres{history.version}",
            description="Dagster's Postgres refuses connections in clear",
            parameters={"rds.force_ssl": "1"},
        )

    def _subnets(self) -> rds.CfnDBSubnetGroup:
        return rds.CfnDBSubnetGroup(
            self,
            "Subnets",
            db_subnet_group_description="Subnets without a way out",
            subnet_ids=[subnet.subnet_id for subnet in self.network.isolated],
        )


def _argue(instance: rds.CfnDBInstance) -> None:
    acknowledge(
        instance,
        "RDS3",
        "A second instance in another zone doubles the price. While this one is away hours wait, "
        "and nothing is lost: events are archived without Dagster.",
    )
    acknowledge(
        instance,
        "RDS11",
        "The port is open to one security group alone; another number would hide it from nobody.",
    )
