"""The libraries of a function, for the machine it runs on.

Belongs here: asking pip for them, at the versions of `requirements.lock`. Which libraries belongs
in `imports`, what is left out of them in `trimming`.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.aws.packaging.imports import PROJECT_ROOT

LOCK = PROJECT_ROOT / "requirements.lock"


@dataclass(frozen=True)
class Target:
    """A machine that runs functions.

    Attributes:
        python: Its Python, such as `3.13`.
        architecture: Its processor, as Lambda names it.
        platforms: The tags of wheels that run on it, the best first.
    """

    python: str
    architecture: str
    platforms: tuple[str, ...]

    @property
    def runtime(self) -> str:
        """The runtime as Lambda names it."""
        return f"python{self.python}"


# Amazon Linux 2023, which has glibc 2.34.
LAMBDA = Target(
    "3.13", "arm64", tuple(f"manylinux_2_{minor}_aarch64" for minor in (34, 31, 28, 27, 26, 24, 17))
)

Source = Callable[[Sequence[str], Path], None]
"""Puts some libraries, and those they need, below a folder."""


class WheelsError(RuntimeError):
    """pip could not provide the libraries; says what pip said."""


def from_registry(requirements: Sequence[str], folder: Path, target: Target = LAMBDA) -> None:
    """Installs wheels for a target below a folder, from pip's cache or its registry.

    pip judges markers of requirements by the Python it runs on. None of ours differs by it.

    Args:
        requirements: The libraries, with extras, without versions.
        folder: Where they go.
        target: The machine they are for.

    Raises:
        WheelsError: If pip fails.
    """
    options = [
        *(f"--platform={platform}" for platform in target.platforms),
        f"--python-version={target.python}",
        "--implementation=cp",
        "--only-binary=:all:",
        "--no-compile",
        "--quiet",
        "--disable-pip-version-check",
        f"--constraint={LOCK}",
        f"--target={folder}",
    ]
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "pip", "install", *options, *requirements],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise WheelsError(f"pip cannot provide {', '.join(requirements)}: {done.stderr[-1500:]}")
