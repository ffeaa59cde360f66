"""A package as it is deployed: built by pip for a processor that is not this one's."""

import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.aws.packaging.build import Package, build
from infra.aws.packaging.wheels import LOCK

pytestmark = pytest.mark.integration

_AARCH64 = 183  # e_machine of ELF
_MACHINE_AT = 18


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The detector for arm64, compiled libraries and all, without the archive's 100 MB."""
    scratch = tmp_path_factory.mktemp("arm64")
    asked = ["-m", "pip", "download", "--quiet", "--no-deps", f"--constraint={LOCK}", "six"]
    plain = subprocess.run(
        [sys.executable, *asked, f"--dest={scratch}"], capture_output=True, text=True, check=False
    )
    if plain.returncode:
        pytest.skip("pip reaches no registry, so nothing can be packaged here")
    return build("anomaly_detector", scratch)


def test_compiled_libraries_are_for_lambdas_processor(package: Package) -> None:
    """A wheel for this machine would be deployed without a word and fail at the first import."""
    with zipfile.ZipFile(package.path) as archive:
        libraries = [name for name in archive.namelist() if name.endswith(".so")]
        machines = {
            struct.unpack_from("<H", archive.read(name), _MACHINE_AT)[0] for name in libraries
        }
    assert libraries
    assert all("cpython-313-aarch64" in name or "abi3" in name for name in libraries)
    assert machines == {_AARCH64}


def test_versions_are_those_of_the_lock_file(package: Package) -> None:
    """What was never tested here must not be what runs there."""
    locked = {line.partition(" ;")[0] for line in LOCK.read_text().splitlines()}
    with zipfile.ZipFile(package.path) as archive:
        folders = {name.partition("/")[0] for name in archive.namelist()}
    infos = {name.removesuffix(".dist-info") for name in folders if name.endswith(".dist-info")}
    found = {"==".join(info.replace("_", "-").rsplit("-", 1)) for info in infos}
    assert found
    assert found <= locked


def test_building_again_gives_the_same_bytes(package: Package, tmp_path: Path) -> None:
    assert build("anomaly_detector", tmp_path).sha256 == package.sha256
