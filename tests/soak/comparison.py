"""One check: what was expected, what was found, and each item that differs.

Belongs here: comparing two collections item by item. What is compared belongs in `checks`.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

SHOWN = 20


class Difference(NamedTuple):
    """One item that is not what it should be."""

    item: str
    expected: str
    found: str
    note: str = ""


class Check(NamedTuple):
    """One check with both figures; it holds when nothing differs."""

    name: str
    expected: float
    found: float
    differences: list[Difference]

    @property
    def holds(self) -> bool:
        """Whether it holds."""
        return not self.differences

    def as_json(self) -> dict[str, Any]:
        """The check with its first differences."""
        return {
            "name": self.name,
            "expected": self.expected,
            "found": self.found,
            "holds": self.holds,
            "differing": len(self.differences),
            "differences": [difference._asdict() for difference in self.differences[:SHOWN]],
        }


def counts(
    name: str,
    expected: Mapping[tuple[str, ...], int],
    found: Mapping[tuple[str, ...], int],
    note: Callable[[tuple[str, ...]], str],
) -> Check:
    """Compares counts item by item; the figures are their sums."""
    differences = [
        Difference(" ".join(key), str(expected.get(key, 0)), str(found.get(key, 0)), note(key))
        for key in sorted(expected.keys() | found.keys())
        if expected.get(key, 0) != found.get(key, 0)
    ]
    return Check(name, sum(expected.values()), sum(found.values()), differences)


def values(
    name: str,
    expected: Mapping[Any, str],
    found: Mapping[Any, str],
    note: Callable[[Any], str] = lambda _: "",
) -> Check:
    """Compares texts item by item; the figures are how many there are."""
    differences = [
        Difference(_text(key), expected.get(key, "-"), found.get(key, "-"), note(key))
        for key in sorted(expected.keys() | found.keys())
        if expected.get(key) != found.get(key)
    ]
    return Check(name, len(expected), len(found), differences)


def sets(name: str, expected: set[Any], found: set[Any], allowed: set[Any] | None = None) -> Check:
    """Compares sets; what is allowed may be found beside what is expected."""
    missing = [Difference(_text(item), "there", "-") for item in sorted(expected - found)]
    strange = [
        Difference(_text(item), "-", "there")
        for item in sorted(found - expected - (allowed or set()))
    ]
    beside = len(found & (allowed or set()) - expected)
    return Check(name, len(expected), len(found) - beside, missing + strange)


def _text(item: Any) -> str:
    return " ".join(map(str, item)) if isinstance(item, tuple) else str(item)
