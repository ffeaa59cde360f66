"""The module's files as parsed: what they declare, take and refer to."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import hcl2

_NAMED = re.compile(r"\b(var|local)\.(\w+)|\bdata\.(\w+)\.(\w+)\.(\w+)")
_RESOURCE = re.compile(r"\b(aws_\w+)\.(\w+)(\[0\]|\[\*\])?(?:\.(\w+))?")
_ABOUT = {"__is_block__", "__comments__"}
META = {"count", "depends_on", "dynamic", "lifecycle"}


class Declared(NamedTuple):
    """A resource or a data source."""

    kind: str
    type: str
    name: str
    body: dict[str, Any]


class Reference(NamedTuple):
    """What a resource is referred to by; without an attribute it is only waited for."""

    type: str
    name: str
    index: str
    attribute: str


class Module:
    """All files of a folder."""

    def __init__(self, folder: Path) -> None:
        parsed = [hcl2.loads(path.read_text()) for path in sorted(folder.glob("*.tf"))]
        self._parsed = [_plain(one) for one in parsed]

    def resources(self) -> list[Declared]:
        """Resources and data sources, repeated ones too."""
        return [
            Declared(kind, type_, name, body)
            for kind in ("resource", "data")
            for one in self._of(kind)
            for type_, named in one.items()
            for name, body in named.items()
        ]

    def names(self, kind: str) -> list[str]:
        """Names of variables or outputs, repeated ones too."""
        return [name for one in self._of(kind) for name in one]

    def locals(self) -> list[str]:
        """Names of local values."""
        return [name for one in self._of("locals") for name in one]

    def named(self) -> Iterator[tuple[str, ...]]:
        """References to variables, local values and attributes of data sources."""
        for text in _texts(self._parsed):
            for found in _NAMED.findall(text):
                yield tuple(part for part in found if part)

    def references(self) -> Iterator[Reference]:
        """References to resources."""
        for text in _texts(self._parsed):
            if not text.startswith("aws_") or "." in text:
                yield from (Reference(*found) for found in _RESOURCE.findall(_without_data(text)))

    def _of(self, kind: str) -> Iterator[dict[str, Any]]:
        for one in self._parsed:
            yield from one.get(kind, [])


def given(body: dict[str, Any]) -> set[str]:
    """The arguments and blocks in a body, those of `dynamic` blocks among them."""
    dynamic = {name for one in body.get("dynamic", []) for name in one}
    return (body.keys() - META) | dynamic


def blocks(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The blocks of a name, written out or by a `dynamic` one."""
    made = [
        content
        for one in body.get("dynamic", [])
        for type_, block in one.items()
        if type_ == name
        for content in block["content"]
    ]
    return [*body.get(name, []), *made]


def _without_data(text: str) -> str:
    return re.sub(r"\bdata\.[\w.]+", "", text)


def _plain(value: Any) -> Any:
    """Without the parser's own marks."""
    if isinstance(value, dict):
        return {k.strip('"'): _plain(v) for k, v in value.items() if k not in _ABOUT}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield name
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value
