"""`clickstream package`: the functions' zips, and how large they are.

Belongs here: the options, and what a person sees. Building belongs in `build`.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from infra.aws.packaging.build import Package, PackageError, build
from infra.aws.packaging.bytecode import BytecodeError, python_for
from infra.aws.packaging.imports import ImportsError
from infra.aws.packaging.wheels import LAMBDA, WheelsError
from infra.early_ends import fail
from infra.topology import build_topology

FOLDER = Path("build") / "packages"
PACKAGE_ERRORS = (ImportsError, WheelsError, BytecodeError, PackageError)
"""What can be wrong with a function or this machine; each message says what to do."""
_MB = 1e6


def package_command(
    *,
    functions: Annotated[
        list[str] | None, typer.Argument(help="Packages below lambdas/; all of them if left.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the zips go.", file_okay=False)] = FOLDER,
    bytecode: Annotated[
        bool, typer.Option(help="Compile the modules, which needs a Python of Lambda's version.")
    ] = True,
) -> None:
    """Build the functions' packages for AWS Lambda: the same source gives the same bytes."""
    wanted = functions or [function.package for function in build_topology().functions]
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"{out} cannot be made ({error}): name another folder with --out")
    try:
        packages = [build_for_lambda(function, out, bytecode=bytecode) for function in wanted]
    except PACKAGE_ERRORS as error:
        fail(str(error))
    Console(highlight=False).print(packages_table(packages))


def build_for_lambda(function: str, folder: Path, *, bytecode: bool = True) -> Package:
    """Builds a function's package for Lambda's Python.

    Raises:
        ImportsError: If there is no such function, or it imports what no library provides.
        WheelsError: If a library cannot be had.
        BytecodeError: If there is no Python of Lambda's version, or a module cannot be compiled.
        PackageError: If Lambda would not take it.
    """
    return build(function, folder, python=python_for(LAMBDA) if bytecode else None)


def packages_table(packages: list[Package]) -> Table:
    """The packages with their sizes."""
    table = Table("Function", "Zip, MB", "Unzipped, MB", "Content (sha256)", "Zip file")
    for package in packages:
        sizes = (f"{size / _MB:.1f}" for size in (package.zipped_bytes, package.unzipped_bytes))
        table.add_row(package.function, *sizes, package.digest[:12], str(package.path))
    return table
