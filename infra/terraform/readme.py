"""The module's README.

Belongs here: putting the tables of variables and outputs, which would be wrong soon if they were
written by hand, into what a person has written in `README.in.md`.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from infra.terraform.hcl import Value
from infra.terraform.parts.settings import PROVIDER, TERRAFORM, Output
from infra.terraform.provider.schema import provider_schema
from infra.terraform.variables import VARIABLES

_TEXT = Path(__file__).parent / "README.in.md"


def readme(outputs: Sequence[Output]) -> str:
    """The text with its tables.

    Args:
        outputs: What the module tells.
    """
    variables = (
        (f"`{one.name}`", f"`{one.type}`", _default(one.default, one.is_required), one.description)
        for one in VARIABLES
    )
    told = ((f"`{one.name}`", one.description) for one in outputs)
    placed = {
        "variables": _table(("Variable", "Type", "Default", ""), variables),
        "outputs": _table(("Output", ""), told),
        "terraform": f"`{TERRAFORM}`",
        "provider": f"`{PROVIDER}`",
        "version": provider_schema()["version"],
    }
    text = _TEXT.read_text()
    for name, content in placed.items():
        text = text.replace(f"<{name}>", content)
    return text


def _default(value: Value, is_required: bool) -> str:
    return "required" if is_required else f"`{json.dumps(value)}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
