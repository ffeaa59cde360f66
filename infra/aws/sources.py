"""Zips of the functions' own source, to render templates with where no package was built.

Belongs here: packing `lambdas.shared` and one function, without their libraries. That is enough for
`make synth`, a diff of templates and the tests; it would not run on Lambda. What is deployed is
built by `infra.aws.packaging`.
"""

import zipfile
from collections.abc import Iterable
from pathlib import Path

_ROOT = Path(__file__).parent.parent.parent
_FIRST_TIME_OF_ZIP = (1980, 1, 1, 0, 0, 0)


def zip_sources(packages: Iterable[str], folder: Path) -> Path:
    """Writes `<package>.zip` for each function, the same bytes from the same source.

    Returns:
        The folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for package in packages:
        with zipfile.ZipFile(folder / f"{package}.zip", "w") as packed:
            for path in _sources_of(package):
                name = path.relative_to(_ROOT).as_posix()
                packed.writestr(zipfile.ZipInfo(name, _FIRST_TIME_OF_ZIP), path.read_bytes())
    return folder


def _sources_of(package: str) -> list[Path]:
    lambdas = _ROOT / "lambdas"
    rooms = (lambdas / "shared", lambdas / package)
    return [lambdas / "__init__.py", *sorted(path for room in rooms for path in room.glob("*.py"))]
