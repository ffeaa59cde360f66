"""What whoever deploys has chosen, from words to a description.

Belongs here: reading choices by their names and building the topology from them. Where they come
from (`cdk -c`, a file, options) belongs to whoever asks; what they mean to `infra.hosting` and
`infra.topology`.
"""

from collections.abc import Mapping
from dataclasses import fields

import msgspec

from infra.delivery_profiles import Delivery
from infra.hosting import Hosting
from infra.topology import ACCOUNT_PLACEHOLDER, Topology, build_topology

_HOSTING = frozenset(field.name for field in fields(Hosting))


class _OfTopology(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stack: str = "clickstream"
    shards: int = 1
    archive_window_s: float = 60
    lateness_limit_s: int | None = None
    detector: dict[str, str] | None = None
    delivery: Delivery = "lambda"


def topology_of(choices: Mapping[str, object], account: str = ACCOUNT_PLACEHOLDER) -> Topology:
    """The platform as chosen.

    Args:
        choices: Values, or their texts, by name: those of `Hosting` and of `build_topology`. A text
            that is empty chooses nothing.
        account: Whose it is; its placeholder stays if left.

    Raises:
        ValueError: Naming the choice that does not exist or has no such value.
    """
    made = {name: value for name, value in choices.items() if value != ""}
    hosting = {name: value for name, value in made.items() if name in _HOSTING}
    rest = {name: value for name, value in made.items() if name not in _HOSTING}
    try:
        if isinstance(detector := rest.get("detector"), str):
            rest["detector"] = msgspec.json.decode(detector)
        chosen = msgspec.convert(rest, _OfTopology, strict=False)
        hosted = msgspec.convert(hosting, Hosting, strict=False)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise ValueError(f"this choice cannot be made: {error}") from error
    return build_topology(account, **msgspec.structs.asdict(chosen), hosting=hosted)


NAMES = _HOSTING | set(_OfTopology.__struct_fields__)
"""The names of everything that can be chosen."""
