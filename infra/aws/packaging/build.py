"""A function as a zip for Lambda.

Belongs here: joining our modules and the libraries into one package, and Lambda's limits. The same
source and the same lock file give the same bytes.
"""

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from infra.aws.packaging.archive import digest_of, write_zip
from infra.aws.packaging.bytecode import compile_below
from infra.aws.packaging.imports import PROJECT_ROOT, Imports, imports_of
from infra.aws.packaging.trimming import is_kept
from infra.aws.packaging.wheels import Source, from_registry

MAX_UNZIPPED_BYTES = 250 * 2**20


class PackageError(RuntimeError):
    """A package that Lambda would not take."""


@dataclass(frozen=True)
class Package:
    """A function's package.

    Attributes:
        function: The function's package below `lambdas`.
        path: The zip.
        zipped_bytes: Its size.
        unzipped_bytes: That of its files.
        sha256: Of the zip, hexadecimal.
        digest: Of its content, the same whichever library has compressed it.
    """

    function: str
    path: Path
    zipped_bytes: int
    unzipped_bytes: int
    sha256: str
    digest: str


def build(
    function: str, folder: Path, *, source: Source = from_registry, python: str | None = None
) -> Package:
    """Builds a function's package.

    Args:
        function: The function's package below `lambdas`.
        folder: Where `<function>.zip` goes.
        source: Where the libraries come from; by itself pip, for Lambda's arm64.
        python: The command of a Python that compiles the modules; None: they are not compiled.

    Raises:
        ImportsError: If there is no such function, or it imports what no library provides.
        WheelsError: If a library cannot be had.
        BytecodeError: If a module cannot be compiled.
        PackageError: If Lambda would not take it.
    """
    imports = imports_of(function)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{function}.zip"
    with tempfile.TemporaryDirectory() as scratch:
        staged = Path(scratch)
        source(imports.requirements, staged)
        _trim(staged, imports)
        for own in imports.sources:
            (staged / own).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROJECT_ROOT / own, staged / own)
        if python is not None:
            compile_below(staged, python)
        entries = _entries(staged)
        unzipped = sum(file.stat().st_size for file in entries.values())
        if unzipped > MAX_UNZIPPED_BYTES:
            raise PackageError(f"{function} is {unzipped:,} bytes; Lambda takes 250 MB unzipped")
        write_zip(path, entries)
        digest = digest_of(entries)
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    return Package(function, path, len(content), unzipped, sha256, digest)


def _trim(staged: Path, imports: Imports) -> None:
    for name, file in _entries(staged).items():
        if not is_kept(PurePosixPath(name), imports):
            file.unlink()


def _entries(folder: Path) -> dict[str, Path]:
    """The files below a folder by their names there."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in files}
