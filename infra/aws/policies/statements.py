"""What a policy is made of.

Belongs here: the shape of a statement, the names of resources as AWS writes them, and a policy as
the document that IAM takes. Who may do what belongs in `functions` and `dagster_task`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Conditions = Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True)
class Statement:
    """Something that is allowed. Nothing here denies: what no statement allows is refused.

    Attributes:
        sid: What it is for, letters and digits only.
        actions: IAM's actions, each spelled out.
        resources: ARNs; `{region}` and `{account}` stand for those of the deployment, `*` at the
            end for whatever follows.
        conditions: Values by operator and key.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Conditions = field(default_factory=dict)

    def filled(self, *, region: str, account: str) -> "Statement":
        """The statement for one account in one region."""

        def fill(texts: Iterable[str]) -> tuple[str, ...]:
            return tuple(text.format(region=region, account=account) for text in texts)

        conditions = {
            operator: {key: fill(values) for key, values in tests.items()}
            for operator, tests in self.conditions.items()
        }
        return replace(self, resources=fill(self.resources), conditions=conditions)


def policy_document(statements: Iterable[Statement]) -> dict[str, Any]:
    """A policy as IAM takes it."""
    return {"Version": "2012-10-17", "Statement": [_as_json(one) for one in statements]}


def _as_json(statement: Statement) -> dict[str, Any]:
    written: dict[str, Any] = {
        "Sid": statement.sid,
        "Effect": "Allow",
        "Action": list(statement.actions),
        "Resource": list(statement.resources),
    }
    if statement.conditions:
        written["Condition"] = {
            operator: {key: list(values) for key, values in tests.items()}
            for operator, tests in statement.conditions.items()
        }
    return written


def arn(service: str, resource: str) -> str:
    """A resource of this account in this region."""
    return f"arn:aws:{service}:{{region}}:{{account}}:{resource}"


def bucket_arn(bucket: str) -> str:
    """A bucket."""
    return f"arn:aws:s3:::{bucket}"


def objects_arn(bucket: str, prefix: str) -> str:
    """The objects of a bucket whose keys begin with a prefix."""
    return f"arn:aws:s3:::{bucket}/{prefix}*"
