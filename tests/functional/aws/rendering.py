"""Templates as plain values: rendered once, their references to the account filled in."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from infra.local.endpoints import ACCOUNT, REGION

PRINCIPAL = f"arn:aws:quicksight:{REGION}:{ACCOUNT}:group/default/analysts"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/dagster:1"
CHOICES = {
    "quicksight_principal": PRINCIPAL,
    "alarm_email": "operators@example.com",
    "dagster": "ecs",
    "dagster_image": IMAGE,
}

_BOOTSTRAP = "CheckBootstrapVersion"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
}
_NAMES = ("FunctionName", "QueueName", "BucketName", "TableName", "TopicName", "LogGroupName")
_ARNS = {
    "AWS::SQS::Queue": ("sqs", ""),
    "AWS::Lambda::Function": ("lambda", "function:"),
    "AWS::DynamoDB::Table": ("dynamodb", "table/"),
}


class Resource(NamedTuple):
    """One resource, its properties without references to the account, the region and others."""

    id: str
    type: str
    properties: dict[str, Any]
    policy: str | None


class Rendered:
    """Both stacks of one synthesis.

    Attributes:
        paths: Their templates.
        folder: Where everything was written.
        rules: What must be so in an account, by name, beyond what the CDK itself asks for.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths = sorted(folder.glob("*.template.json"))
        self._raw: dict[str, dict[str, Any]] = {}
        self.rules: dict[str, Any] = {}
        for path in self.paths:
            template = json.loads(path.read_text())
            self._raw.update(template["Resources"])
            self.rules.update(
                {name: it for name, it in template["Rules"].items() if name != _BOOTSTRAP}
            )
        self.resources = [
            Resource(
                id_, raw["Type"], self._filled(raw.get("Properties", {})), raw.get("DeletionPolicy")
            )
            for id_, raw in self._raw.items()
        ]

    def of_type(self, type_: str) -> list[Resource]:
        """The resources of a type."""
        found = [resource for resource in self.resources if resource.type == type_]
        assert found, f"no {type_} is rendered: a test of none of them would prove nothing"
        return found

    def by_type(self) -> dict[str, list[Resource]]:
        """All resources."""
        found: dict[str, list[Resource]] = defaultdict(list)
        for resource in self.resources:
            found[resource.type].append(resource)
        return found

    def report(self) -> list[dict[str, Any]]:
        """What cdk-nag found, by plugin."""
        return list(
            json.loads((self.folder / "validation-report.json").read_text())["pluginReports"]
        )

    def acknowledged(self) -> Iterator[tuple[str, str]]:
        """The path of a construct and a rule of cdk-nag's that we acknowledged on it."""
        for path in self.folder.glob("*.metadata.json"):
            for construct, entries in json.loads(path.read_text()).items():
                for entry in entries:
                    if entry["type"] == "aws:cdk:acknowledged-rules":
                        rules = (rule for rule in entry["data"] if rule.startswith("AwsSolutions"))
                        yield from ((construct.strip("/"), rule) for rule in rules)

    def _filled(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._filled(one) for one in value]
        if not isinstance(value, dict):
            return value
        function = next(iter(value)) if len(value) == 1 else ""
        fill = {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute,
            "Fn::ImportValue": str,
            "Fn::Join": self._joined,
            "Fn::Sub": _substituted,
        }.get(function)
        if fill is not None:
            return fill(value[function])
        return {name: self._filled(one) for name, one in value.items()}

    def _joined(self, argument: tuple[str, list[Any]]) -> str:
        separator, parts = argument
        return separator.join(map(str, self._filled(parts)))

    def _ref(self, name: str) -> str:
        if name in _PSEUDO:
            return _PSEUDO[name]
        properties = self._raw[name].get("Properties", {})
        own = next((properties[key] for key in _NAMES if key in properties), None)
        return name if own is None else str(self._filled(own))

    def _attribute(self, argument: tuple[str, str]) -> str:
        name, attribute = argument
        place = _ARNS.get(self._raw[name]["Type"]) if attribute == "Arn" else None
        if place is None:
            return f"{name}.{attribute}"
        service, prefix = place
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{prefix}{self._ref(name)}"


def _substituted(text: str) -> str:
    for name, filled in _PSEUDO.items():
        text = text.replace(f"${{{name}}}", filled)
    return text
