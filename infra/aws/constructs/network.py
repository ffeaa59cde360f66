"""The network in which Dagster runs.

Belongs here: subnets, routes and who may talk to whom. Everything else of the platform is in no
network of ours.
"""

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.aws.acknowledgements import acknowledge

_AVAILABILITY_ZONES = 2  # the fewest a group of subnets of RDS takes
_HTTPS = 443


class Network(Construct):
    """Tasks reach AWS by addresses of their own; nobody reaches them.

    A NAT gateway would cost $33 a month, interface endpoints $7 each in each zone; a public address
    costs $3.65. What is behind it is closed: no rule lets anything in. S3 and DynamoDB are reached
    by gateways, which cost nothing. The database has no way out of the network at all.

    Attributes:
        tasks: The subnets of tasks.
        isolated: The subnets of the database.
        task_group: The security group of tasks.
        database_group: The security group of the database.
    """

    def __init__(self, scope: Construct, id_: str, port: int) -> None:
        super().__init__(scope, id_)
        vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=_AVAILABILITY_ZONES,
            nat_gateways=0,
            restrict_default_security_group=False,  # it would take a function; nothing is in it
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="tasks",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=24,
                    map_public_ip_on_launch=False,  # the service asks for one
                ),
                ec2.SubnetConfiguration(
                    name="database", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=28
                ),
            ],
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "DynamoDb": ec2.GatewayVpcEndpointOptions(
                    service=ec2.GatewayVpcEndpointAwsService.DYNAMODB
                ),
            },
        )
        acknowledge(
            vpc,
            "VPC7",
            "Nothing is let in, and what goes out goes to AWS over TLS and is in CloudTrail. Who "
            "must keep records of connections switches flow logs on.",
        )
        self.tasks = vpc.public_subnets
        self.isolated = vpc.isolated_subnets
        self.task_group = self._group("Tasks", vpc, "Dagster: out to AWS and to its database")
        self.database_group = self._group("Database", vpc, "Postgres of Dagster: its tasks only")
        postgres = ec2.Port.tcp(port)
        self.task_group.add_egress_rule(
            ec2.Peer.any_ipv4(), ec2.Port.tcp(_HTTPS), "the services of AWS"
        )
        self.task_group.add_egress_rule(self.database_group, postgres, "run history")
        self.database_group.add_ingress_rule(self.task_group, postgres, "Dagster")

    def _group(self, id_: str, vpc: ec2.IVpc, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self, id_, vpc=vpc, description=description, allow_all_outbound=False
        )
