"""What was asked of the null endpoint, in the units AWS bills.

Belongs here: counts of calls, items and bytes, and the size of DynamoDB items.
"""

import re
from collections import Counter, defaultdict
from functools import lru_cache
from typing import Any

UNIT_BYTES = 1024  # a write unit: one item of up to 1 KB
_INSERTED = re.compile(r"'([^']+)': \?")
_UPDATED = re.compile(r'"([^"]+)"(?: = "[^"]+" \+)? (?:=|<|<=|>|>=) \?')
_TABLE = re.compile(r'(?:INTO|UPDATE|FROM) "([^"]+)"')


class Counts:
    """What was asked since the last reset."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.bytes_in = 0
        self.keys: Counter[str] = Counter()
        self.put_bytes = 0
        self.written: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.read: Counter[str] = Counter()

    def wrote(self, table: str, size: int) -> None:
        """Counts one written item of so many bytes."""
        units = max(1, -(-size // UNIT_BYTES))
        self.written[table].update({"items": 1, "units": units, "bytes": size})

    def as_json(self) -> dict[str, Any]:
        """The counts, under the names the documents' bench expects and some more."""
        return {
            "counts": self.calls,
            "bytesIn": self.bytes_in,
            "maxInflight": 0,
            "s3puts": sum(self.keys.values()),
            "s3keys": len(self.keys),
            "s3bytes": self.put_bytes,
            "written": self.written,
            "read": self.read,
        }


def size_of(value: dict[str, Any]) -> int:
    """Bytes DynamoDB charges for one attribute value, near enough.

    Source: "DynamoDB item sizes and formats" in its developer guide.
    """
    kind, content = next(iter(value.items()))
    if kind == "B":
        return len(content) * 3 // 4
    if kind == "N":
        return len(content) // 2 + 2
    if kind == "M":
        return 3 + sum(1 + len(name) + size_of(inner) for name, inner in content.items())
    if kind == "L":
        return 3 + sum(1 + size_of(inner) for inner in content)
    if kind in {"SS", "NS", "BS"}:
        return sum(len(entry) for entry in content)
    return len(content.encode()) if isinstance(content, str) else 1


def item_size(item: dict[str, Any]) -> int:
    """Bytes DynamoDB charges for an item."""
    return sum(len(name) + size_of(value) for name, value in item.items())


@lru_cache(maxsize=1024)
def table_and_names(statement: str) -> tuple[str, int, bool]:
    """A statement's table, the length of its attributes' names, and whether it writes."""
    found = _TABLE.search(statement)
    names = set(_INSERTED.findall(statement)) | set(_UPDATED.findall(statement))
    writes = not statement.lstrip().upper().startswith("SELECT")
    return found[1] if found else "?", sum(map(len, names)), writes
