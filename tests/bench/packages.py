"""The functions' packages: sizes for Lambda, and cold imports on this machine.

Belongs here: building each package for arm64, and timing the import of its handler in new
processes that have nothing else on their path. Imports are timed on the native build of the same
release for Lambda's Python, if there is one here, as arm64 cannot be run.
"""

import argparse
import platform
import statistics
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from infra.aws.packaging.build import Package, build
from infra.aws.packaging.bytecode import python_for
from infra.aws.packaging.imports import imports_of
from infra.aws.packaging.wheels import LAMBDA, Target, from_registry
from tests.bench import report
from tests.functional.packaging.packaged import FUNCTIONS, run_probe, unzipped

_MB = 1e6
_SDK = ("boto3/", "botocore/", "s3transfer/", "jmespath/", "dateutil/", "urllib3/", "six.py")
NATIVE = Target(
    LAMBDA.python,
    platform.machine(),
    tuple(tag.replace("aarch64", platform.machine()) for tag in LAMBDA.platforms),
)


def untrimmed_bytes(function: str, folder: Path) -> int:
    """What pip installs for a function, before anything is left out."""
    from_registry(imports_of(function).requirements, folder)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def sdk_bytes(folder: Path) -> int:
    """How much of a package is the SDK that Lambda's runtime has as well."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sum(
        path.stat().st_size
        for path in files
        if path.relative_to(folder).as_posix().startswith(_SDK)
    )


def cold_import(folder: Path, function: str, python: str, runs: int) -> dict[str, float]:
    """Milliseconds to import the handler in a new process, the median; a first run is not counted.

    That one reads the files from disk, which here are those of a container.
    """
    found = [run_probe(folder, function, python=python).import_ms for _ in range(runs + 1)][1:]
    return {name: statistics.median(run[name] for run in found) for name in found[0]}


def measure(function: str, python: str, scratch: Path, runs: int) -> dict[str, Any]:
    """One function: its package for Lambda, and the native ones with and without bytecode."""
    package: Package = build(function, scratch / "lambda", python=python)
    native = partial(from_registry, target=NATIVE)
    compiled = unzipped(build(function, scratch / "compiled", source=native, python=python))
    plain = unzipped(build(function, scratch / "plain", source=native))
    return {
        "function": function,
        "zipped_bytes": package.zipped_bytes,
        "unzipped_bytes": package.unzipped_bytes,
        "installed_bytes": untrimmed_bytes(function, scratch / "installed" / function),
        "sdk_bytes": sdk_bytes(unzipped(package)),
        "import": cold_import(compiled, function, python, runs),
        "import_without_bytecode": cold_import(plain, function, python, runs),
    }


def tables(found: Sequence[dict[str, Any]]) -> list[str]:
    """The figures for people."""
    sizes = report.table(
        ("function", "zip, MB", "unzipped, MB", "of that the SDK, MB", "as pip installs it, MB"),
        [
            (
                one["function"],
                *(
                    f"{one[name] / _MB:.1f}"
                    for name in ("zipped_bytes", "unzipped_bytes", "sdk_bytes", "installed_bytes")
                ),
            )
            for one in found
        ],
    )
    imports = report.table(
        ("function", "CPU ms", "wall ms", "CPU ms without bytecode", "wall ms without bytecode"),
        [
            (
                one["function"],
                *(
                    report.figure(one[how][clock])
                    for how in ("import", "import_without_bytecode")
                    for clock in ("cpu_ms", "wall_ms")
                ),
            )
            for one in found
        ],
    )
    return [
        f"For Lambda's Python {LAMBDA.python} on {LAMBDA.architecture}, bytecode included. Lambda "
        "takes 250 MB unzipped, and zips of more than 50 MB by way of S3 only.",
        sizes,
        f"Import of the handler in a new process with nothing but the package on its path, Python "
        f"{LAMBDA.python} on {NATIVE.architecture}, median. arm64 was not run.",
        imports,
    ]


def main() -> None:
    """Measures all functions, prints and writes docs/bench/packages."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    python = python_for(LAMBDA)
    with tempfile.TemporaryDirectory() as folder:
        found = [measure(one, python, Path(folder), options.runs) for one in FUNCTIONS]
    text = report.write("packages", "Packages of the functions", {"packages": found}, tables(found))
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
