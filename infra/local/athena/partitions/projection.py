"""Partition projection: partitions that a table's properties describe and Glue does not list.

Belongs here: reading ``projection.*`` properties, the values of each key, and the locations. Does
not belong here: choosing among the partitions (see `pruning`) and partitions Glue lists (see
`glue`).
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from sqlglot import exp

from infra.local.athena.catalog.locations import as_folder, partition_path
from infra.local.athena.catalog.tables import Partition, Table
from infra.local.athena.dialect.time_patterns import joda_to_strftime
from infra.local.athena.errors import QueryError, unsupported
from infra.local.athena.partitions.pruning import Filters

MAX_PARTITIONS = 100_000
_NOW = re.compile(r"NOW(?:\s*([+-])\s*(\d+)\s*([A-Z]+?)S?)?")
_UNITS = ("SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR")
_MONTHS = {"MONTH": 1, "YEAR": 12}
Keep = Callable[[str, Sequence[str]], list[str]]
"""Returns those of a key's values that a query may need."""


def is_projected(table: Table) -> bool:
    """Return whether a table's partitions are projected."""
    return table.parameters.get("projection.enabled", "").lower() == "true"


def _invalid(table: Table, what: str) -> QueryError:
    return QueryError(
        f"INVALID_TABLE_PROPERTY: Table {table.database}.{table.name} is configured for partition"
        f" projection, but {what}"
    )


@dataclass(frozen=True)
class _Key:
    """The properties of one projected key."""

    table: Table
    name: str

    def get(self, name: str, default: str | None = None) -> str:
        found = self.table.parameters.get(f"projection.{self.name}.{name}", default)
        if found is None:
            raise _invalid(self.table, f"projection.{self.name}.{name} is missing")
        return found

    def bounds(self) -> tuple[str, str]:
        low, comma, high = self.get("range").partition(",")
        if not comma:
            raise _invalid(self.table, f"projection.{self.name}.range is no pair")
        return low.strip(), high.strip()

    def interval(self) -> int:
        text = self.get("interval", "1")
        if not text.isdigit() or not int(text):
            raise _invalid(self.table, f"projection.{self.name}.interval is no positive number")
        return int(text)


def projected(
    table: Table, references: Sequence[Filters], keep: Keep, now: dt.datetime
) -> list[Partition]:
    """Return the partitions a query may need.

    Args:
        table: A table with partition projection.
        references: The query's conditions per reference, for injected keys.
        keep: Drops values of a key that no row needs, before they are combined.
        now: What NOW means; aware, in UTC.

    Raises:
        QueryError: The properties are wrong, an injected key has no condition, or there are too
            many partitions.
    """
    values, combinations = [], 1
    for column in table.partition_keys:
        found = keep(column.name, _values(table, column.name, references, now))
        combinations *= len(found)
        if combinations > MAX_PARTITIONS:
            raise unsupported(f"A query of more than {MAX_PARTITIONS} projected partitions")
        values.append(found)
    return [Partition(item, location_of(table, item)) for item in product(*values)]


def location_of(table: Table, values: Sequence[str]) -> str:
    """Return where a projected partition's objects are."""
    keys = [key.name for key in table.partition_keys]
    template = table.parameters.get("storage.location.template")
    if not template:
        return as_folder(table.location) + partition_path(keys, values)
    for key, value in zip(keys, values, strict=True):
        template = template.replace(f"${{{key}}}", value)
    return as_folder(template)


def _values(
    table: Table, name: str, references: Sequence[Filters], now: dt.datetime
) -> Sequence[str]:
    key = _Key(table, name)
    match key.get("type").lower():
        case "enum":
            return [item.strip() for item in key.get("values").split(",")]
        case "integer":
            return _integers(key)
        case "date":
            return list(_dates(key, now))
        case "injected":
            return _injected(table, name, references)
        case other:
            raise _invalid(table, f"projection.{name}.type is {other}")


def _integers(key: _Key) -> list[str]:
    low, high = key.bounds()
    try:
        numbers = range(int(low), int(high) + 1, key.interval())
    except ValueError as error:
        raise _invalid(key.table, f"projection.{key.name}.range is not of integers") from error
    width = int(key.get("digits", "0"))
    return [str(number).zfill(width) for number in numbers]


def _dates(key: _Key, now: dt.datetime) -> Iterator[str]:
    pattern = joda_to_strftime(key.get("format"), parsing=False)
    low, high = (_moment(key, text, pattern, now) for text in key.bounds())
    unit = key.get("interval.unit", _default_unit(key)).upper().removesuffix("S")
    if unit not in _UNITS:
        raise _invalid(key.table, f"projection.{key.name}.interval.unit is {unit}")
    step = key.interval()
    for count in range(MAX_PARTITIONS):
        moment = _later(low, unit, count * step)
        if moment > high:
            return
        yield moment.strftime(pattern)
    raise unsupported(f"A range of more than {MAX_PARTITIONS} projected dates")


def _default_unit(key: _Key) -> str | None:
    """Only days and months have a default."""
    pattern = key.get("format")
    if "H" in pattern or "m" in pattern or "h" in pattern:
        return None
    return "DAYS" if "d" in pattern else "MONTHS"


def _moment(key: _Key, text: str, pattern: str, now: dt.datetime) -> dt.datetime:
    match = _NOW.fullmatch(text.upper())
    try:
        if not match:
            return _parsed(text, pattern)
        sign, amount, unit = match.groups()
        moved = _later(now, unit, int(f"{sign}{amount}")) if unit else now
        # What the format leaves out does not count.
        return _parsed(moved.strftime(pattern), pattern)
    except (KeyError, ValueError) as error:
        raise _invalid(key.table, f"projection.{key.name}.range has {text}") from error


def _parsed(text: str, pattern: str) -> dt.datetime:
    format_ = pattern.replace("%-", "%") + " %z"
    return dt.datetime.strptime(f"{text} +0000", format_)  # noqa: DTZ007 (it has a zone)


def _later(moment: dt.datetime, unit: str, amount: int) -> dt.datetime:
    if unit not in _MONTHS:
        return moment + dt.timedelta(**{f"{unit.lower()}s": amount})
    years, month = divmod(moment.month - 1 + amount * _MONTHS[unit], 12)
    first = moment.replace(year=moment.year + years, month=month + 1, day=1)
    last = (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
    return first.replace(day=min(moment.day, last.day))


def _injected(table: Table, name: str, references: Sequence[Filters]) -> list[str]:
    found: dict[str, None] = {}
    for reference in references or [[]]:
        values = [value for item in reference for value in _constants(item, name)]
        if not values:
            raise QueryError(
                f"CONSTRAINT_VIOLATION: For the injected projected partition column {name}, the"
                " WHERE clause must contain only static equality conditions, and at least one such"
                f" condition must be present. (table {table.database}.{table.name})"
            )
        found |= dict.fromkeys(values)
    return list(found)


def _constants(condition: exp.Expr, name: str) -> list[str]:
    """Return the constants an equality or IN allows for a key."""
    sides: Mapping[str, exp.Expr] = condition.args
    if not isinstance(condition, exp.EQ | exp.In) or condition.args.get("query"):
        return []
    column, other = condition.this, sides.get("expression")
    if isinstance(other, exp.Column):
        column, other = other, column
    if not isinstance(column, exp.Column) or column.name.lower() != name:
        return []
    items = condition.expressions if isinstance(condition, exp.In) else [other]
    return [item.name for item in items if isinstance(item, exp.Literal)]
