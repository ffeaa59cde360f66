"""Each function's package runs on its own, and holds nothing large that it does not need.

The libraries are those of this environment: the same releases for this machine's processor and
Python. What is left out of them is decided by the same rules.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.aws.packaging.build import Package, build
from tests.bench.processes import null_endpoint
from tests.functional.packaging.installed import from_this_environment
from tests.functional.packaging.packaged import (
    FUNCTIONS,
    Probed,
    run_probe,
    unzipped,
    usual_invocations,
)

LARGE_BYTES = 100_000
# Large files that no invocation here reads, and why they stay.
NEEDED_ELSEWHERE = {
    "botocore/cacert.pem": "read when a service is reached by https, as on AWS",
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with null_endpoint() as address:
        yield address


@pytest.fixture(scope="module", params=FUNCTIONS)
def package(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Package:
    return build(request.param, tmp_path_factory.mktemp("packages"), source=from_this_environment)


@pytest.fixture(scope="module")
def folder(package: Package) -> Path:
    return unzipped(package)


@pytest.fixture(scope="module")
def probed(package: Package, folder: Path, endpoint: str) -> Probed:
    given = usual_invocations(package.function)
    return run_probe(folder, package.function, given, endpoint=endpoint)


def test_a_function_runs_with_its_package_alone(package: Package, probed: Probed) -> None:
    """A module that is missing would fail on AWS only, at the first invocation."""
    if package.function == "collector":
        assert [answer["statusCode"] for answer in probed.answers] == [200, 200]
    else:
        assert probed.answers == [{"batchItemFailures": []}]


def test_nothing_large_is_packed_that_is_never_read(
    package: Package, folder: Path, probed: Probed
) -> None:
    """Every megabyte is fetched and unzipped at a cold start."""
    read = {source_of(name) for name in probed.read}
    large = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and path.stat().st_size > LARGE_BYTES
    }
    assert large - read <= NEEDED_ELSEWHERE.keys()
    assert large & NEEDED_ELSEWHERE.keys(), "an exception that is none: remove it"


def test_only_its_own_modules_are_packed(package: Package, folder: Path) -> None:
    """A change of another function must not deploy this one anew."""
    rooms = {path.name for path in (folder / "lambdas").iterdir() if path.is_dir()}
    assert rooms <= {package.function, "shared", "__pycache__"}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return build_compiled(tmp_path_factory.mktemp("compiled"))


def build_compiled(folder: Path) -> Package:
    """One function stands for all: compiling is what takes time here."""
    return build("anomaly_detector", folder, source=from_this_environment, python=sys.executable)


def test_every_module_comes_compiled(compiled: Package) -> None:
    """Lambda cannot keep what it compiles: each cold start would compile everything."""
    folder = unzipped(compiled)
    read = run_probe(folder, compiled.function).read
    assert any(name.endswith(".pyc") for name in read)
    assert not [name for name in read if name.endswith(".py")]


def test_the_same_source_gives_the_same_bytes(compiled: Package, tmp_path: Path) -> None:
    """Otherwise every deployment would replace every function."""
    again = build_compiled(tmp_path)
    assert (again.sha256, again.digest) == (compiled.sha256, compiled.digest)


def source_of(name: str) -> str:
    """The module whose compiled form a file is; other files are themselves."""
    path = Path(name)
    if path.suffix != ".pyc":
        return name
    return (path.parent.parent / f"{path.name.partition('.')[0]}.py").as_posix()
