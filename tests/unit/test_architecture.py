"""Who may import whom (house style), checked on the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("clickstream_platform", "lambdas", "infra")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def own(name: str) -> bool:
    return name.partition(".")[0] in ROOMS


def allowed(importer: str, imported: str) -> bool:
    """The rules, from the innermost room outwards."""
    room, *rest = importer.split(".")
    if room == "lambdas":
        part = rest[0] if rest else ""
        return imported.startswith("lambdas.shared") or imported.startswith(f"lambdas.{part}")
    if imported.startswith("infra"):
        return room == "infra"
    if room == "infra":
        return imported.startswith(("infra", "lambdas", "clickstream_platform"))
    return batch_side_allows(rest, imported)


def batch_side_allows(rest: list[str], imported: str) -> bool:
    base = "clickstream_platform"
    if imported.startswith("lambdas"):
        return imported.startswith("lambdas.shared")
    part = rest[0] if rest else ""
    if part in {"settings", "partitions"}:
        return imported.startswith((f"{base}.settings", f"{base}.partitions", f"{base}.core"))
    if part == "core":
        return imported.startswith(f"{base}.core")
    if part == "resources":
        return imported.startswith((f"{base}.resources", f"{base}.core", f"{base}.settings"))
    if part == "defs":
        sibling = rest[1] if len(rest) > 1 else ""
        rooms = ("resources", "core", "settings", "partitions", "automation", f"defs.{sibling}")
        return imported.startswith(tuple(f"{base}.{room}" for room in rooms))
    return True


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_rooms_know_only_whom_they_may(path: Path) -> None:
    wrong = [name for name in imports_of(path) if own(name) and not allowed(module_of(path), name)]
    assert not wrong


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if "core" in path.parts or "lambdas" in path.parts]
)
def test_pure_rooms_and_functions_know_no_dagster(path: Path) -> None:
    foreign = {"dagster", "dagster_dbt", "awswrangler"}
    assert not foreign & {name.split(".")[0] for name in imports_of(path)}


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_nothing_private_of_dagster_is_imported(path: Path) -> None:
    assert not [name for name in imports_of(path) if name.startswith("dagster._")]


def test_the_environment_is_read_in_few_places() -> None:
    """Configuration that anybody may read is configuration that nobody can list."""
    readers = {
        module_of(path)
        for path in SOURCES
        if "os.environ" in path.read_text() or "getenv" in path.read_text()
    }
    assert readers <= {
        "lambdas.shared.environment",
        "clickstream_platform.settings",
        "infra.demo",
        "infra.deploy.cdk.toolkit",
        "infra.local.launcher",
        "infra.local.processes",
        "infra.local.specs",
        "infra.reach",
    }


# The rooms of the embedded Athena, and which of the others each may know.
ATHENA = "infra.local.athena"
ATHENA_ROOMS = {
    "sql": set(),
    "results": {"sql"},
    "semantics": {"sql"},
    "engine": {"results"},
    "dialect": {"engine", "semantics"},
    "catalog": {"sql"},
    "partitions": {"catalog", "dialect", "sql"},
    "data": {"catalog", "results", "sql"},
    "commands": {"catalog", "data", "dialect", "partitions", "results", "semantics", "sql"},
    "execution": {"catalog", "commands", "data", "results", "sql"},
    "api": {"catalog", "data", "execution", "results"},
}
ATHENA_SOURCES = [path for path in SOURCES if module_of(path).startswith(f"{ATHENA}.")]


@pytest.mark.parametrize("path", ATHENA_SOURCES, ids=module_of)
def test_rooms_of_the_embedded_athena_know_only_whom_they_may(path: Path) -> None:
    room = module_of(path).removeprefix(f"{ATHENA}.").partition(".")[0]
    known = {
        name.removeprefix(f"{ATHENA}.").partition(".")[0]
        for name in imports_of(path)
        if name.startswith(f"{ATHENA}.")
    }
    if room in ATHENA_ROOMS:
        assert (known & ATHENA_ROOMS.keys()) <= ATHENA_ROOMS[room] | {room}


def test_the_rules_refuse_what_they_should() -> None:
    assert not allowed("lambdas.aggregator.logic", "lambdas.collector.logic")
    assert not allowed("lambdas.shared.event", "infra.topology")
    assert not allowed("clickstream_platform.core.hours", "clickstream_platform.settings")
    assert not allowed("clickstream_platform.defs.lake.events", "infra.topology")
    assert not allowed(
        "clickstream_platform.defs.lake.events", "clickstream_platform.defs.rollups.dbt_models"
    )
