"""Libraries out of this environment, so that a package can be run on this machine, offline."""

import importlib.metadata
import shutil
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement

from infra.aws.packaging.imports import canonical


def from_this_environment(requirements: Sequence[str], folder: Path) -> None:
    """Copies distributions and those they need, as pip would install them below a folder."""
    waiting = [Requirement(text) for text in requirements]
    done: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        key = (canonical(wanted.name), frozenset(wanted.extras))
        if key in done:
            continue
        done.add(key)
        distribution = importlib.metadata.distribution(wanted.name)
        copy(distribution, folder)
        for text in distribution.requires or []:
            needed = Requirement(text)
            extras = wanted.extras or {""}
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in extras):
                waiting.append(needed)


def copy(distribution: importlib.metadata.Distribution, folder: Path) -> None:
    for file in distribution.files or []:
        source = Path(str(distribution.locate_file(file)))
        if ".." in file.parts or not source.is_file():
            continue  # a command, or a cache that was never written
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
