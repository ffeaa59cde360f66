"""A service's task on the embedded ECS, as the templates and Fargate would have it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3

from tests.functional.aws.rendering import Rendered

CLUSTER = "clickstream-dagster"


def register(rendered: Rendered, family: str) -> str:
    """Registers a task definition as CloudFormation would from the template; its ARN."""
    (properties,) = [
        one.properties
        for one in rendered.of_type("AWS::ECS::TaskDefinition")
        if one.properties["Family"] == family
    ]
    ours = {name: value for name, value in properties.items() if name != "Tags"}
    registered = _as_api(ours)
    for container in registered["containerDefinitions"]:
        container["memoryReservation"] = 128  # the embedded ECS cannot do without; Fargate can
    answer = boto3.client("ecs").register_task_definition(**registered)
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def _as_api(value: Any) -> Any:
    """Names of CloudFormation as names of the API."""
    if isinstance(value, list):
        return [_as_api(one) for one in value]
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: _as_api(one) for name, one in value.items()}
    return value


def start_service(definition: str) -> tuple[dict[str, Any], tuple[str, str]]:
    """The service's task, with a public address, in a network as the templates make one."""
    ec2, ecs = boto3.client("ec2"), boto3.client("ecs")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="tasks", Description="tasks", VpcId=vpc)["GroupId"]
    ecs.create_cluster(clusterName=CLUSTER)
    (task,) = ecs.run_task(
        cluster=CLUSTER,
        taskDefinition=definition,
        launchType="FARGATE",
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": [subnet],
                "securityGroups": [group],
                "assignPublicIp": "ENABLED",
            }
        },
    )["tasks"]
    (interface,) = [
        detail["value"]
        for detail in task["attachments"][0]["details"]
        if detail["name"] == "networkInterfaceId"
    ]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.associate_address(AllocationId=address, NetworkInterfaceId=interface)
    return dict(task), (subnet, group)


class metadata_of:  # noqa: N801 - used like a function
    """What Fargate tells a container of its task, over HTTP."""

    def __init__(self, task: dict[str, Any]) -> None:
        body = json.dumps({"Cluster": task["clusterArn"], "TaskARN": task["taskArn"]}).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/v4"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
