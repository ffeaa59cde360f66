"""The account's own key, where it is chosen.

Belongs here: the key and which services of AWS may use it on our behalf.
"""

from collections.abc import Iterator

from infra.terraform.blocks import KEY_ARN, OWN_KEY, policy_document, resource
from infra.terraform.hcl import Block, Expression, Value

_ROTATION_DAYS = 365
_PUBLISHERS = ("s3", "cloudwatch", "budgets")
_PUBLISHING = ("Decrypt", "GenerateDataKey*")
_LOGGING = ("Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "DescribeKey")


def blocks() -> Iterator[Block]:
    """A key that rotates every year; without it the data is lost."""
    yield resource(
        "aws_kms_key",
        "own",
        {
            "description": "Encrypts what ${var.stack} stores",
            "enable_key_rotation": True,
            "rotation_period_in_days": _ROTATION_DAYS,
            "policy": policy_document(_statements()),
        },
        when=OWN_KEY,
        kept=True,
    )
    alias: dict[str, Value] = {"name": "alias/${var.stack}", "target_key_id": KEY_ARN}
    yield resource("aws_kms_alias", "own", alias, when=OWN_KEY)


def _statements() -> Iterator[dict[str, Value]]:
    account = "arn:${local.partition}:iam::${local.account}:root"
    yield {
        "Effect": "Allow",
        "Principal": {"AWS": account},
        "Action": "kms:*",
        "Resource": "*",
    }
    in_this_account: Value = {"StringEquals": {"aws:SourceAccount": Expression("local.account")}}
    for service in _PUBLISHERS:  # they put messages on our queue and our topics
        yield _allowed(f"{service}.amazonaws.com", _PUBLISHING, in_this_account)
    logs = "arn:${local.partition}:logs:${local.region}:${local.account}:*"
    yield _allowed(
        "logs.${local.region}.amazonaws.com",
        _LOGGING,
        {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}},
    )


def _allowed(service: str, actions: tuple[str, ...], condition: Value) -> dict[str, Value]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": [f"kms:{action}" for action in actions],
        "Resource": "*",
        "Condition": condition,
    }
