"""The embedded AWS as somebody's account.

Belongs here: a stack that tells its outputs as a deployed one does, an operator with a key of their
own, and what that operator has asked for. No other difference than where the endpoints are.
"""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import unquote

import boto3

from infra.aws.choices import topology_of
from infra.local.endpoints import ACCOUNT, REGION
from infra.local.provision import provision
from infra.topology import Topology, build_topology
from tests.trail.rig import RecordedPlatform

OPERATOR = "operator"


@contextmanager
def deployed(
    stack: str, choices: Mapping[str, str], outputs: Mapping[str, str]
) -> Iterator[Topology]:
    """A platform of its own in the account, as a deployment with these choices leaves it."""
    before = dict(os.environ)
    os.environ["AWS_ENDPOINT_URL_CLOUDFORMATION"] = os.environ["AWS_ENDPOINT_URL_GLUE"]
    os.environ["AWS_ACCESS_KEY_ID"] = OPERATOR
    boto3.setup_default_session()
    topology = topology_of({**choices, "stack": stack}, ACCOUNT)
    provision(topology, ACCOUNT)
    told = {"Choices": json.dumps(dict(choices)), **outputs}
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": value} for name, value in told.items()},
    }
    cloudformation, name = boto3.client("cloudformation"), f"{stack}-data"
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    yield topology
    cloudformation.delete_stack(StackName=name)
    os.environ.clear()
    os.environ.update(before)
    boto3.setup_default_session()


def name_of(stack: str) -> str:
    """How a command names the platform when it asks."""
    return f"account {ACCOUNT}, region {REGION}, stack {stack}"


def calls_about_another(platform: RecordedPlatform) -> list[str]:
    """The operator's calls that name anything of the stack whose names are the defaults."""
    other = build_topology(ACCOUNT)
    names = {
        f'"WorkGroup": "{other.workgroup}"',  # dbt's profile has that name as well
        other.database,
        other.stream.name,
        *(one.name for one in (*other.tables, *other.queues, *other.buckets, *other.topics)),
        *(one.id for one in other.data_sets),
    }
    found = []
    for line, _ in platform.lines():
        call = json.loads(line)
        if call["key"] == OPERATOR:
            asked = f"{unquote(call['path'])} {base64.b64decode(call['body']).decode('latin-1')}"
            found.extend(f"{name}: {asked[:300]}" for name in names if name in asked)
    return found


def calls(platform: RecordedPlatform) -> int:
    """How many calls the operator has made."""
    return sum(json.loads(line)["key"] == OPERATOR for line, _ in platform.lines())
