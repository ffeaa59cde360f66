"""Athena's function signatures: reading the table, and finding the one a call means.

Belongs here: kinds of parameters, results computed from arguments' types, and Athena's failures for
a call that fits nothing. Does not belong here: the table itself (see `function_table`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from infra.local.athena.errors import QueryError, function_not_found, type_mismatch, unsupported
from infra.local.athena.semantics import collection_table
from infra.local.athena.semantics import function_table as table
from infra.local.athena.semantics import typenames as names
from infra.local.athena.semantics.typenames import NULL, UNDETERMINED

_LINE = re.compile(r"(\w+|\[\])\((.*?)\) (\S.*?)(?: = (@?\w+))?")
_VARIADIC = "..."

_KINDS: Mapping[str, Callable[[str], bool]] = {
    "any": lambda kind: kind != "function",
    "array": lambda kind: kind.startswith("array"),
    "bigint": lambda kind: kind in names.INTEGERS,
    "boolean": lambda kind: kind == "boolean",
    "bytes": lambda kind: kind == "varbinary",
    "date": lambda kind: kind == "date",
    "decimal": names.is_decimal,
    "double": lambda kind: kind == "double" or kind in names.INTEGERS,
    "integer": lambda kind: kind in names.INTEGERS,
    "interval": lambda kind: kind.startswith("interval"),
    "json": lambda kind: kind == "json" or names.base(kind) in ("varchar", "char"),
    "lambda": lambda kind: kind == "function",
    "map": lambda kind: kind.startswith("map"),
    "moment": lambda kind: kind.startswith("time"),
    "number": names.is_number,
    "row": lambda kind: kind.startswith("row"),
    "real": lambda kind: kind == "real",
    "temporal": lambda kind: names.is_temporal(kind) or kind.startswith("time"),
    "text": lambda kind: names.base(kind) in ("varchar", "char"),
    "timestamp": lambda kind: names.base(kind) in ("timestamp", "date"),
    "tz": lambda kind: names.base(kind) == "timestamp with time zone",
}


@dataclass(frozen=True)
class Signature:
    """One line of the table. `forced` means that the result must be cast to its type."""

    name: str
    parameters: tuple[str, ...]
    result: str
    target: str
    forced: bool
    is_aggregate: bool

    def accepts(self, kinds: Sequence[str]) -> bool:
        """Return whether arguments of these types fit; what is undetermined fits anything."""
        parameters = self.parameters
        if parameters and parameters[-1].endswith(_VARIADIC):
            extra = len(kinds) - len(parameters)
            last = parameters[-1].removesuffix(_VARIADIC)
            parameters = (*parameters[:-1], *([last] * (extra + 1)))
        return len(parameters) == len(kinds) and all(
            kind in (NULL, UNDETERMINED) or _KINDS[parameter](kind)
            for parameter, kind in zip(parameters, kinds, strict=True)
        )


def _parsed(text: str, *, is_aggregate: bool = False) -> dict[str, list[Signature]]:
    found: dict[str, list[Signature]] = {}
    for line in filter(None, text.splitlines()):
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"not a signature: {line}")
        name, parameters, result, target = match.groups()
        signature = Signature(
            name,
            tuple(item.strip() for item in parameters.split(",")) if parameters else (),
            result.removesuffix("!"),
            target or name,
            result.endswith("!"),
            is_aggregate,
        )
        found.setdefault(name, []).append(signature)
    return found


_SCALARS = "".join(
    (
        table.NUMBERS,
        table.STRINGS,
        table.BYTES,
        table.TIMES,
        collection_table.COLLECTIONS,
        collection_table.JSON,
        collection_table.CONDITIONS,
    )
)
SIGNATURES = {**_parsed(_SCALARS), **_parsed(collection_table.AGGREGATES, is_aggregate=True)}


def is_aggregate(name: str) -> bool:
    """Return whether a function is an aggregate or a window function."""
    return name.lower() in SIGNATURES and SIGNATURES[name.lower()][0].is_aggregate


def find(name: str, kinds: Sequence[str]) -> Signature:
    """Return the signature a call means.

    Args:
        name: The function as it was written.
        kinds: The arguments' types.

    Raises:
        QueryError: FUNCTION_NOT_FOUND, NOT_SUPPORTED for a function of Athena's that is not
            served, or TYPE_MISMATCH.
    """
    lowered = name.lower()
    candidates = SIGNATURES.get(lowered)
    if candidates is None:
        if lowered in table.REFUSED or lowered.startswith(table.REFUSED_PREFIXES):
            raise unsupported(f"The function {lowered}")
        raise function_not_found(lowered)
    fitting = [item for item in candidates if item.accepts(kinds)]
    if not fitting:
        raise _no_match(lowered, kinds, candidates)
    if len({item.target for item in fitting}) > 1 and UNDETERMINED in kinds:
        raise unsupported(f"{lowered} of a value whose type cannot be determined (CAST it)")
    return fitting[0]


def _no_match(name: str, kinds: Sequence[str], candidates: Sequence[Signature]) -> QueryError:
    given = ", ".join(kind or "?" for kind in kinds)
    known = ", ".join(f"{name}({', '.join(item.parameters)})" for item in candidates)
    return type_mismatch(f"Unexpected parameters ({given}) for function {name}. Expected: {known}")


def common_of(kinds: Sequence[str]) -> str | None:
    """Return the common type of several; None if there is none."""
    result: str | None = NULL
    for kind in kinds:
        result = names.common(result, kind) if result is not None else None
    return result


def result_of(signature: Signature, kinds: Sequence[str], bodies: Sequence[str]) -> str:
    """Return the type of a call.

    Args:
        signature: What the call means.
        kinds: The arguments' types.
        bodies: The types of the bodies of the arguments that are lambdas.

    Raises:
        QueryError: TYPE_MISMATCH: there is no common type.
    """
    text = signature.result
    if text == "$common":
        both = common_of(kinds)
        if both is None:
            raise type_mismatch(
                f"All {signature.name} operands must be the same type or coercible to a common"
                f" type: {', '.join(kinds)}"
            )
        return both
    if text.startswith("rule:"):
        return _RULES[text.removeprefix("rule:")](kinds, bodies)
    if not text.startswith("$"):
        return text
    number, _, part = text[1:].partition(".")
    kind = kinds[int(number) - 1]
    return _part(kind, part) if part else kind


def _part(kind: str, part: str) -> str:
    given = names.parts(kind)
    if not given:
        return UNDETERMINED
    return given[-1] if part == "value" else given[0]


def _whole(kinds: Sequence[str]) -> str:
    precision, scale = names.digits(kinds[0])
    return names.decimal(precision - scale + min(scale, 1), 0)


def _truncated(kinds: Sequence[str]) -> str:
    precision, scale = names.digits(kinds[0])
    return names.decimal(max(1, precision - scale), 0)


def _rounded(kinds: Sequence[str]) -> str:
    precision, scale = names.digits(kinds[0])
    return names.decimal(precision + 1, scale)


def _sum(kinds: Sequence[str]) -> str:
    return names.decimal(names.MAX_PRECISION, names.digits(kinds[0])[1])


def _entry(kinds: Sequence[str]) -> str:
    given = names.parts(_part(kinds[0], "element"))
    return f"map({', '.join(names.field_of(item)[1] for item in given)})" if given else ""


Rule = Callable[[Sequence[str], Sequence[str]], str]

_RULES: Mapping[str, Rule] = {
    "whole": lambda kinds, _: _whole(kinds),
    "truncated": lambda kinds, _: _truncated(kinds),
    "rounded": lambda kinds, _: _rounded(kinds),
    "sum": lambda kinds, _: _sum(kinds),
    "repeated": lambda kinds, _: f"array({kinds[0]})",
    "row": lambda kinds, _: f"row({', '.join(kinds)})",
    "map": lambda kinds, _: f"map({_part(kinds[0], 'element')}, {_part(kinds[1], 'element')})",
    "map_agg": lambda kinds, _: f"map({kinds[0]}, {kinds[1]})",
    "multimap_agg": lambda kinds, _: f"map({kinds[0]}, array({kinds[1]}))",
    "histogram": lambda kinds, _: f"map({kinds[0]}, bigint)",
    "entries": lambda kinds, _: f"array(row({', '.join(names.parts(kinds[0]))}))",
    "from_entries": lambda kinds, _: _entry(kinds),
    "keys": lambda kinds, _: f"array({_part(kinds[0], 'key')})",
    "values": lambda kinds, _: f"array({_part(kinds[0], 'value')})",
    "reduced": lambda _, bodies: bodies[1],
    "transformed": lambda _, bodies: f"array({bodies[0]})",
    "zipped": lambda _, bodies: f"array({bodies[0]})",
    "keys_changed": lambda kinds, bodies: f"map({bodies[0]}, {_part(kinds[0], 'value')})",
    "values_changed": lambda kinds, bodies: f"map({_part(kinds[0], 'key')}, {bodies[0]})",
}
