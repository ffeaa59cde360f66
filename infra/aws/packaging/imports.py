"""What a function imports, read from its source.

Belongs here: following imports from a handler through our own modules, to the libraries they end
at and the AWS services they make clients of. Nothing is imported for it, so that it is the same on
every machine. What is left out of a library belongs in `trimming`.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

PROJECT_ROOT = Path(__file__).parent.parent.parent.parent
_ROOM = "lambdas"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


class ImportsError(RuntimeError):
    """A function imports what cannot be packaged; says what and where."""


@dataclass(frozen=True)
class Imports:
    """What a function consists of.

    Attributes:
        sources: Its own modules as paths below the project's root, in order.
        requirements: The libraries it imports, as pip spells them, in order.
        modules: The modules of libraries that it names.
        services: The AWS services it makes clients of, as boto3 names them.
    """

    sources: tuple[Path, ...]
    requirements: tuple[str, ...]
    modules: frozenset[str]
    services: frozenset[str]


def imports_of(package: str, root: Path = PROJECT_ROOT) -> Imports:
    """Follows a function's imports, those inside of functions too, those for types alone not.

    Args:
        package: The function's package below `lambdas`.
        root: Where `lambdas` lies.

    Raises:
        ImportsError: If there is no such function, or it imports what no library here provides.
    """
    sources: set[Path] = set()
    modules: set[str] = set()
    services: set[str] = set()
    handler = Path(_ROOM, package, "handler.py")
    if not (root / handler).exists():
        raise ImportsError(f"there is no function {package}: {handler} is missing")
    waiting = [f"{_ROOM}.{package}.handler"]
    while waiting:
        name = waiting.pop()
        if name.partition(".")[0] != _ROOM:
            modules.add(name)
            continue
        for path in _files_of(name, root):
            if path not in sources:
                sources.add(path)
                tree = ast.parse((root / path).read_text())
                waiting += _imported(tree)
                services |= set(_clients(tree))
    return Imports(
        tuple(sorted(sources)),
        _requirements(modules, root),
        frozenset(modules),
        frozenset(services),
    )


def _files_of(name: str, root: Path) -> list[Path]:
    """A module's file and those of the packages around it; none for a name inside a module."""
    parts = name.split(".")
    packages = [Path(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    own = Path(*parts).with_suffix(".py")
    return [path for path in (*packages, own) if (root / path).exists()]


def _imported(tree: ast.AST) -> Iterator[str]:
    """The names a module imports when it runs; of `from a import b` both `a` and `a.b`."""
    if isinstance(tree, ast.If) and ast.unparse(tree.test) == "TYPE_CHECKING":
        return
    if isinstance(tree, ast.Import):
        yield from (alias.name for alias in tree.names)
    elif isinstance(tree, ast.ImportFrom):
        module = tree.module or ""
        yield module
        if module.partition(".")[0] == _ROOM:
            yield from (f"{module}.{alias.name}" for alias in tree.names)
    for child in ast.iter_child_nodes(tree):
        yield from _imported(child)


def _clients(tree: ast.AST) -> Iterator[str]:
    """The services of `boto3.client("kinesis")` and `session.client("s3")`."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "client"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def _requirements(modules: set[str], root: Path) -> tuple[str, ...]:
    """Libraries as the project declares them, their extras with them.

    Raises:
        ImportsError: If nothing that is installed provides one.
    """
    declared = tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"]
    extras = {canonical(_name_of(text)): _with_extras(text) for text in declared}
    providers = packages_distributions()
    found = set()
    for library in {name.partition(".")[0] for name in modules} - sys.stdlib_module_names:
        if library not in providers:
            raise ImportsError(f"no installed library provides {library}")
        name = canonical(providers[library][0])
        found.add(extras.get(name, name))
    return tuple(sorted(found))


def canonical(name: str) -> str:
    """A distribution's name in the one spelling all others have in common (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _name_of(requirement: str) -> str:
    found = _NAME.match(requirement)
    return found[0] if found else requirement


def _with_extras(requirement: str) -> str:
    """`ua-parser[regex]>=1.0` without the version, which the lock file says."""
    return re.split(r"[<>=!~;\s]", requirement, maxsplit=1)[0]
