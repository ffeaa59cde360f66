"""What whoever deploys has chosen, from words to a description.

Belongs here: reading choices by their names and building the topology from them. Where they come
from (`cdk -c`, a file, options) belongs to whoever asks; what they mean to `infra.hosting` and
`infra.topology`.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated

import msgspec
from msgspec import Meta

from clickstream_platform.settings import Settings
from infra.delivery_profiles import Archiving
from infra.hosting import LOG_DAYS, Hosting
from infra.topology import ACCOUNT_PLACEHOLDER, Topology, build_topology

_HOSTING = frozenset(field.name for field in fields(Hosting))
_SETTINGS = frozenset(Settings.model_fields)
LONGEST_WINDOW_S = 300  # of an event source mapping (CreateEventSourceMapping)
_WRITTEN_AS_JSON = frozenset({"batch_settings", "detector"})


class _OfTopology(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stack: str = "clickstream"
    shards: Annotated[int, Meta(ge=1)] = 1
    archive_window_s: Annotated[float, Meta(ge=0, le=LONGEST_WINDOW_S)] = 60
    lateness_limit_s: Annotated[int, Meta(ge=1)] | None = None
    detector: dict[str, str] | None = None
    delivery: Archiving = "lambda"


def topology_of(choices: Mapping[str, object], account: str = ACCOUNT_PLACEHOLDER) -> Topology:
    """The platform as chosen.

    Args:
        choices: Values, or their texts, by name: those of `Hosting` and of `build_topology`. A text
            that is empty chooses nothing.
        account: Whose it is; its placeholder stays if left.

    Raises:
        ValueError: Naming the choice that does not exist or has no such value.
    """
    told = {name: _read(name, value) for name, value in choices.items() if value != ""}
    hosting = {name: value for name, value in told.items() if name in _HOSTING}
    rest = {name: value for name, value in told.items() if name not in _HOSTING}
    try:
        chosen = msgspec.convert(rest, _OfTopology, strict=False)
        hosted = msgspec.convert(hosting, Hosting, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"this choice cannot be made: {error}") from error
    if hosted.log_retention_days not in LOG_DAYS:
        days = ", ".join(map(str, sorted(LOG_DAYS)))
        raise ValueError(f"log_retention_days: CloudWatch keeps logs for one of {days}")
    # Settings ignores what it does not know: a misspelt one would be its default.
    if unknown := sorted(set(hosted.batch_settings) - _SETTINGS):
        raise ValueError(f"batch_settings: there is no setting {', '.join(unknown)}")
    return build_topology(account, **msgspec.structs.asdict(chosen), hosting=hosted)


def texts_of(choices: Mapping[str, object]) -> dict[str, str]:
    """Choices as texts, from which `topology_of` makes the same platform."""
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in choices.items()
        if value is not None
    }


def _read(name: str, value: object) -> object:
    """A value, or what a text says that is written as JSON, like `{"NAME": "9"}`."""
    if not (isinstance(value, str) and name in _WRITTEN_AS_JSON):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError as error:
        raise ValueError(f"{name} is no JSON: {error}") from error


NAMES = _HOSTING | set(_OfTopology.__struct_fields__)
"""The names of everything that can be chosen."""
