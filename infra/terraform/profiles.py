"""The platform in both delivery profiles at once, as one module has to hold it.

Belongs here: which parts are in both profiles and which only in one. What the profiles are belongs
in `infra.delivery_profiles`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeVar

from infra.delivery_profiles import Delivery
from infra.topology import Topology, build_topology

T = TypeVar("T")

STACK = "${var.stack}"


@dataclass(frozen=True)
class Platform:
    """The description, its names made of the variable `stack`.

    Attributes:
        topology: The platform of the default profile; what both have in common is read from it.
        by_firehose: The platform of the other profile.
    """

    topology: Topology
    by_firehose: Topology

    def of(self, delivery: Delivery) -> Topology:
        """The platform in one profile."""
        return self.topology if delivery == "lambda" else self.by_firehose


def describe() -> Platform:
    """The platform whose choices are left to whoever uses the module."""
    return Platform(build_topology(stack=STACK), build_topology(stack=STACK, delivery="firehose"))


def only(delivery: Delivery) -> str:
    """The condition under which something is there that only one profile has."""
    return f'var.delivery == "{delivery}"'


def both(
    platform: Platform,
    listed: Callable[[Topology], Sequence[T]],
    name: Callable[[T], str] = str,
) -> Iterator[tuple[T, Delivery | None]]:
    """What either profile has, in their common order.

    Args:
        platform: The platform.
        listed: What to take of each.
        name: By what two of them are the same.

    Yields:
        One of them, and the profile it is only in; None if it is in both.
    """
    ours, theirs = list(listed(platform.topology)), list(listed(platform.by_firehose))
    matcher = SequenceMatcher(None, [*map(name, ours)], [*map(name, theirs)], autojunk=False)
    for what, start, end, other_start, other_end in matcher.get_opcodes():
        if what == "equal":
            yield from ((one, None) for one in ours[start:end])
        else:
            yield from ((one, "lambda") for one in ours[start:end])
            yield from ((one, "firehose") for one in theirs[other_start:other_end])
