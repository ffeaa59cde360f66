"""HCL, Terraform's language: typed values and blocks, and their text as `terraform fmt` has it.

Belongs here: the language alone, as far as the module needs it. What is written in it belongs in
`parts`. A library that writes HCL would have to be asked for the same layout, and would bring its
own syntax tree into every part.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_INDENT = "  "
_WIDTH = 100
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_INTERPOLATION = re.compile(r"\$\{([^{}]*)\}")


@dataclass(frozen=True)
class Expression:
    """An expression as it stands in the file."""

    text: str


@dataclass(frozen=True)
class Inline:
    """An object on one line."""

    fields: Mapping[str, "Value"]


@dataclass(frozen=True)
class Call:
    """A call of a function."""

    function: str
    arguments: tuple["Value", ...]


@dataclass(frozen=True)
class Conditional:
    """A list, or none, by a condition."""

    condition: str
    values: Sequence["Value"]


Special = Expression | Inline | Call | Conditional
Value = str | int | float | bool | None | Special | Sequence["Value"] | Mapping[str, "Value"]
"""A text is a template: `${…}` in it is an expression."""


@dataclass(frozen=True)
class Block:
    """A block.

    Attributes:
        type: Its type, like `resource`.
        labels: Its labels, like the resource's type and name.
        attributes: Its arguments; those that are None are left out.
        blocks: The blocks in it, which follow its arguments.
        comment: What is said before it, without marks.
    """

    type: str
    labels: tuple[str, ...] = ()
    attributes: Mapping[str, Value] = field(default_factory=dict)
    blocks: tuple["Block", ...] = ()
    comment: str | None = None


def document(heading: str, blocks: Iterable[Block]) -> str:
    """A file: a comment, then the blocks, an empty line before each."""
    lines = [f"# {line}" for line in heading.splitlines()]
    for block in blocks:
        lines += ["", *_block(block, 0)]
    return "\n".join(lines) + "\n"


def _block(block: Block, depth: int) -> Iterator[str]:
    margin = _INDENT * depth
    if block.comment is not None:
        yield from (f"{margin}# {line}" for line in block.comment.splitlines())
    head = " ".join([block.type, *(f'"{label}"' for label in block.labels)])
    given = {name: value for name, value in block.attributes.items() if value is not None}
    if not given and not block.blocks:
        yield f"{margin}{head} {{}}"
        return
    yield f"{margin}{head} {{"
    meta = {name: given.pop(name) for name in ("count", "for_each") if name in given}
    last = {name: given.pop(name) for name in ("depends_on",) if name in given}
    parts = [
        *(list(_assignments(some, depth + 1)) for some in (meta, given) if some),
        *(list(_block(one, depth + 1)) for one in block.blocks),
        *(list(_assignments(some, depth + 1)) for some in (last,) if some),
    ]
    for index, part in enumerate(parts):
        yield from [""] * (index > 0)
        yield from part
    yield f"{margin}}}"


def _assignments(fields: Mapping[str, Value], depth: int) -> Iterator[str]:
    """`name = value` lines; neighbours on one line each have their equal signs aligned."""
    written = [(_key(name), _value(value, depth)) for name, value in fields.items()]
    margin = _INDENT * depth
    start = 0
    while start < len(written):
        end = start
        while end < len(written) and "\n" not in written[end][1]:
            end += 1
        width = max((len(name) for name, _ in written[start:end]), default=0)
        yield from (f"{margin}{name:<{width}} = {text}" for name, text in written[start:end])
        if end < len(written):
            name, text = written[end]
            yield from f"{margin}{name} = {text}".split("\n")
        start = end + 1


def _key(name: str) -> str:
    return name if _NAME.fullmatch(name) else _quoted(name)


def _value(value: Value, depth: int) -> str:
    match value:
        case Call(function, arguments):
            return _call(function, arguments, depth)
        case Conditional(condition, values):
            return f"{condition} ? {_list(values, depth)} : []"
        case Mapping():
            return "\n".join(["{", *_assignments(value, depth + 1), _INDENT * depth + "}"])
        case list() | tuple():
            return _list(value, depth)
        case _:
            return _on_one_line(value)


def _on_one_line(value: Value) -> str:
    written: str
    match value:
        case Expression(text):
            written = text
        case Inline(fields):
            inside = ", ".join(f"{_key(name)} = {_on_one_line(it)}" for name, it in fields.items())
            written = f"{{ {inside} }}" if inside else "{}"
        case bool() | None:
            written = {True: "true", False: "false", None: "null"}[value]
        case int() | float():
            written = str(int(value)) if value == int(value) else repr(value)
        case str():
            written = _text(value)
        case _:
            raise TypeError(f"{value!r} does not go on one line")
    return written


def _call(function: str, arguments: Sequence[Value], depth: int) -> str:
    """A call; one of which more than the first argument takes several lines goes downwards."""
    first, *rest = (_value(one, depth) for one in arguments)
    if not any("\n" in one for one in rest):
        return f"{function}({', '.join([first, *rest])})"
    margin = _INDENT * (depth + 1)
    below = (f"{margin}{_value(one, depth + 1)}," for one in arguments)
    return "\n".join([f"{function}(", *below, f"{_INDENT * depth})"])


def _list(values: Sequence[Value], depth: int) -> str:
    written = [_value(one, depth + 1) for one in values]
    line = f"[{', '.join(written)}]"
    is_nested = any(isinstance(one, Inline | Mapping) for one in values) and len(values) > 1
    if "\n" not in line and not is_nested and len(_INDENT * depth + line) < _WIDTH:
        return line
    margin = _INDENT * (depth + 1)
    if len(values) == 1 and isinstance(values[0], Mapping):
        return f"[{_value(values[0], depth)}]"
    return "\n".join(["[", *(f"{margin}{one}," for one in written), _INDENT * depth + "]"])


def _text(text: str) -> str:
    """A template, or the expression alone where it is all of the template."""
    whole = _INTERPOLATION.fullmatch(text)
    return whole.group(1) if whole else _quoted(text)


def _quoted(text: str) -> str:
    """A text in quotes.

    Raises:
        ValueError: If it holds a directive or an expression with quotes, which nothing here needs
            and which would have to be escaped differently.
    """
    if "%{" in text or any('"' in one or "\\" in one for one in _INTERPOLATION.findall(text)):
        raise ValueError(f"{text!r} cannot be written as a template")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
