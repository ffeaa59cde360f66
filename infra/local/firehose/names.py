"""How Firehose names its objects.

Belongs here: the expressions of prefixes, as far as the topology uses them, and the name behind the
prefix. Source: Data Firehose Developer Guide, "Custom prefixes for Amazon S3 objects" and "Amazon
S3 object name format".
"""

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

_EXPRESSION = re.compile(r"!\{(?P<namespace>[A-Za-z]+):(?P<value>[^}]+)\}")
_VERSION = 1  # of the delivery stream's configuration
# Of Java's DateTimeFormatter.
_TIME_LETTERS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_TIME_LETTER = re.compile("|".join(_TIME_LETTERS))
_PLAIN = re.compile(r"[^A-Za-z]*")


class PrefixError(ValueError):
    """A prefix holds an expression that is not known here, or has no value."""


def evaluate(
    prefix: str,
    oldest: datetime,
    *,
    partition_keys: Mapping[str, str] | None = None,
    error_type: str | None = None,
) -> str:
    """A prefix with its expressions replaced.

    Args:
        prefix: The prefix.
        oldest: When the oldest record of the object arrived, aware; times are written in UTC.
        partition_keys: What the function answered; None in an error prefix, which may not use them.
        error_type: Such as `processing-failed`; None in a prefix that is not for errors.

    Raises:
        PrefixError: If an expression has no value.
    """

    def value_of(match: re.Match[str]) -> str:
        namespace, value = match["namespace"], match["value"]
        if namespace == "partitionKeyFromLambda" and partition_keys and value in partition_keys:
            return partition_keys[value]
        if namespace == "firehose" and value == "error-output-type" and error_type:
            return error_type
        if namespace == "timestamp":
            return oldest.astimezone(UTC).strftime(_time_format(value))
        raise PrefixError(f"{match[0]} has no value in {prefix}")

    return _EXPRESSION.sub(value_of, prefix)


def object_name(stream: str, oldest: datetime, extension: str = "") -> str:
    """The name of an object behind its prefix; no two objects have the same."""
    return (
        f"{stream}-{_VERSION}-{oldest.astimezone(UTC):%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}{extension}"
    )


def _time_format(pattern: str) -> str:
    if not _PLAIN.fullmatch(_TIME_LETTER.sub("", pattern)):
        raise PrefixError(f"{pattern!r} has letters that are not known here")
    return _TIME_LETTER.sub(lambda match: _TIME_LETTERS[match[0]], pattern)
