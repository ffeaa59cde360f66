"""What a key of one's own asks for, where the platform's data is encrypted with one.

Belongs here: the use of the key by way of the services that encrypt with it, and in no other way.
Which services a principal reads and writes through belongs to the principal.
"""

from dataclasses import dataclass

from infra.aws.policies.statements import Statement

_READ = ("kms:Decrypt",)
# A new object or message gets a data key of its own; the service reads it back before it uses it.
_WRITE = ("kms:Decrypt", "kms:GenerateDataKey")
# DynamoDB works on a table's key in the name of whoever asks, and looks at it first.
_READ_TABLES = ("kms:Decrypt", "kms:DescribeKey")
_WRITE_TABLES = (
    *_READ_TABLES,
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


@dataclass(frozen=True)
class KeyUse:
    """Through which services a principal reads and writes what is encrypted.

    Attributes:
        reads: Services it reads from.
        writes: Services it writes to.
        reads_tables: Whether it reads items of DynamoDB.
        writes_tables: Whether it writes some.
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    reads_tables: bool = False
    writes_tables: bool = False

    def statements(self, key_arn: str) -> tuple[Statement, ...]:
        """What the policy says of the key."""
        tables = _WRITE_TABLES if self.writes_tables else _READ_TABLES
        has_tables = self.reads_tables or self.writes_tables
        wanted = (
            ("ReadWithOwnKey", _READ, self.reads),
            ("WriteWithOwnKey", _WRITE, self.writes),
            ("UseTablesWithOwnKey", tables, ("dynamodb",) if has_tables else ()),
        )
        return tuple(
            Statement(sid, actions, (key_arn,), _by_way_of(services))
            for sid, actions, services in wanted
            if services
        )


def _by_way_of(services: tuple[str, ...]) -> dict[str, dict[str, tuple[str, ...]]]:
    hosts = tuple(f"{service}.{{region}}.amazonaws.com" for service in services)
    return {"StringEquals": {"kms:ViaService": hosts}}
