"""Modules compiled for the Python that runs them.

Belongs here: finding that Python and letting it compile, in a way that gives the same bytes each
time. A function's folder is read-only on Lambda: without this, each cold start compiles every
module anew, which was measured as more than half of its time (docs/bench/packages.md).
"""

import shutil
import subprocess
import sys
from pathlib import Path

from infra.aws.packaging.wheels import Target

_FOLDER_ON_LAMBDA = "/var/task"
_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


class BytecodeError(RuntimeError):
    """There is no Python of the target's version, or it cannot compile; says what to do."""


def python_for(target: Target) -> str:
    """The command of a Python of the target's version; its bytecode is the same everywhere.

    Raises:
        BytecodeError: If there is none on the path.
    """
    candidates = (sys.executable, shutil.which(f"python{target.python}"))
    for python in filter(None, candidates):
        done = subprocess.run(  # noqa: S603 - found on the path
            [python, "-I", "-S", "-c", _VERSION], capture_output=True, text=True, check=False
        )
        if done.stdout.strip() == target.python:
            return python
    raise BytecodeError(
        f"no python{target.python} runs here, which Lambda's bytecode is compiled with: put one on "
        "the PATH, or package with --no-bytecode: each cold start then compiles every module"
    )


def compile_below(folder: Path, python: str) -> None:
    """Compiles every module below a folder into its `__pycache__`.

    The caches say nothing of the time or of this machine: they are never compared with their
    source, which is packed with them and cannot change, and they name the folder it has on Lambda.

    Raises:
        BytecodeError: If a module cannot be compiled.
    """
    options = ["--invalidation-mode", "unchecked-hash", "-q", "-f"]
    places = ["-s", str(folder), "-p", _FOLDER_ON_LAMBDA, str(folder)]
    done = subprocess.run(  # noqa: S603 - our own command
        [python, "-I", "-S", "-m", "compileall", *options, *places],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BytecodeError(f"{python} cannot compile the package: {done.stdout[-1500:]}")
