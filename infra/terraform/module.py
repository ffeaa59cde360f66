"""The module, file by file.

Belongs here: which capability is in which file. What a capability consists of belongs in `parts`.
"""

from collections.abc import Iterator
from pathlib import Path

from infra.terraform import variables
from infra.terraform.hcl import Block, document
from infra.terraform.names import Names
from infra.terraform.parts import (
    alarms,
    api,
    buckets,
    catalog,
    dashboard,
    delivery,
    encryption,
    functions,
    queries,
    queues,
    settings,
    stream,
    tables,
    topics,
)
from infra.terraform.profiles import Platform, describe
from infra.terraform.readme import readme

MODULE = Path(__file__).parent / "module"
_WRITTEN_BY = "Written by `make terraform` from infra/topology.py; changes by hand are lost."


def files() -> dict[str, str]:
    """The content of each file by its name."""
    platform = describe()
    names = Names(platform)
    told = settings.outputs(platform, names)
    written = {
        name: document(f"{title}\n{_WRITTEN_BY}", blocks)
        for name, title, blocks in _capabilities(platform, names)
    }
    written["outputs.tf"] = document(
        f"What the module tells.\n{_WRITTEN_BY}", settings.output_blocks(told)
    )
    return {**written, "README.md": readme(told)}


def blocks_of_module() -> list[Block]:
    """All blocks of all files but the outputs."""
    platform = describe()
    capabilities = _capabilities(platform, Names(platform))
    return [block for _, _, blocks in capabilities for block in blocks]


def write(folder: Path) -> list[Path]:
    """Writes the module; files of it that it no longer has go.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = files()
    for path in folder.glob("*.tf"):
        if path.name not in content:
            path.unlink()
    for name, text in content.items():
        (folder / name).write_text(text)
    return [folder / name for name in content]


def _capabilities(platform: Platform, names: Names) -> Iterator[tuple[str, str, Iterator[Block]]]:
    yield "versions.tf", "What the module needs.", settings.versions()
    yield "variables.tf", "What whoever uses the module decides.", variables.blocks()
    yield "locals.tf", "Where it is used, and what follows from that.", settings.derived()
    yield "encryption.tf", "The account's own key, where it is chosen.", encryption.blocks()
    yield "stream.tf", "The stream of accepted events.", stream.blocks(platform)
    yield "tables.tf", "The tables of the real-time side.", tables.blocks(platform)
    yield "queues.tf", "The queues.", queues.blocks(platform)
    yield "buckets.tf", "The lake and Athena's answers.", buckets.blocks(platform)
    yield "topics.tf", "What the detector raises, and what operators hear.", topics.blocks(platform)
    yield "catalog.tf", "The Glue database and tables.", catalog.blocks(platform, names)
    yield "functions.tf", "The functions and how they read.", functions.blocks(platform, names)
    yield "delivery.tf", "The delivery stream of firehose.", delivery.blocks(platform, names)
    yield "api.tf", "The collector's front door.", api.blocks(platform)
    yield "athena.tf", "Athena.", queries.blocks(platform, names)
    yield "alarms.tf", "What somebody must be told of.", alarms.alarms(platform)
    yield "budget.tf", "What the account may cost a month.", alarms.budget(platform)
    yield "dashboard.tf", "What is asked first.", dashboard.blocks(platform)
