"""The provider's schema of what the module uses.

Belongs here: reading the kept facts, `schema.json`. They are written by `extract`.
"""

import json
from functools import cache
from pathlib import Path
from typing import TypedDict

FILE = Path(__file__).parent / "schema.json"


class NestedBlock(TypedDict):
    """A block in a block.

    Attributes:
        nesting: `list` or `set`.
        single: Whether there is one at most.
        required: Whether there is one at least.
        block: What is in it.
    """

    nesting: str
    single: bool
    required: bool
    block: "Schema"


class Schema(TypedDict):
    """What a resource, a data source or a block takes, and what it tells.

    Attributes:
        arguments: Types of its arguments, in Terraform's words.
        required: Those that must be given.
        computed: Types of what it tells, which is not given, or need not be.
        blocks: The blocks in it.
    """

    arguments: dict[str, str]
    required: list[str]
    computed: dict[str, str]
    blocks: dict[str, NestedBlock]


class ProviderSchema(TypedDict):
    """The kept facts.

    Attributes:
        about: What they are and where from.
        provider: The provider.
        version: Its release.
        resources: Its resources, as far as the module uses them.
        data: Its data sources, likewise.
    """

    about: str
    provider: str
    version: str
    resources: dict[str, Schema]
    data: dict[str, Schema]


@cache
def provider_schema() -> ProviderSchema:
    """The kept facts."""
    facts: ProviderSchema = json.loads(FILE.read_text())
    return facts
