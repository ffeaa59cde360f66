"""This machine: interpreter, tools, disk, ports.

Belongs here: what needs no platform and no account. The clock is compared with AWS's in `account`.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.aws.packaging.bytecode import BytecodeError, python_for
from infra.aws.packaging.wheels import LAMBDA
from infra.deploy.doctor.findings import Finding, ok, problem, warning
from infra.local.processes import StartError, require_free

_OLDEST_PYTHON = (3, 11)
_OLDEST_NODE = 22  # what aws-cdk 2 supports since October 2026; it warns on 20
_GIB = 2**30
_NEEDED_BYTES = 1 * _GIB
_AMPLE_BYTES = 5 * _GIB
_NODE_TIMEOUT_S = 20
PORTS = (("collector", 8080, "--port"), ("Dagster UI", 3000, "--ui-port"))


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Iterator[Finding]:
    """Whether this interpreter can run the platform."""
    name = ".".join(map(str, version))
    if version >= _OLDEST_PYTHON:
        yield ok("Python", name)
    else:
        means = "the platform needs 3.11 or newer"
        yield problem("Python", name, means, "make PYTHON=/path/to/python3.11 setup")


def check_node() -> Iterator[Finding]:
    """Whether the CDK can run here; only a deployment needs it."""
    node, means = shutil.which("node"), "only `clickstream deploy`, `diff` and `destroy` need it"
    do = f"install Node.js {_OLDEST_NODE} or newer"
    if node is None:
        yield warning("Node.js", "is not installed", means, do)
        return
    done = subprocess.run(  # noqa: S603 - found on the path of whoever runs this
        [node, "--version"], capture_output=True, text=True, check=False, timeout=_NODE_TIMEOUT_S
    )
    told = done.stdout.strip()
    major = told.removeprefix("v").partition(".")[0]
    if not major.isdecimal():
        yield warning("Node.js", f"{node} does not run", means, do)
    elif int(major) < _OLDEST_NODE:
        yield warning("Node.js", f"{told} is too old for the CDK", means, do)
    else:
        yield ok("Node.js", told)


def check_compiler() -> Iterator[Finding]:
    """Whether the functions can be compiled for Lambda here; only a deployment needs it."""
    subject = f"python{LAMBDA.python}"
    try:
        yield ok(subject, python_for(LAMBDA))
    except BytecodeError:
        means = "`clickstream package`, `deploy` and `diff` compile the functions with it"
        yield warning(subject, "does not run here", means, "install it, and put it on the PATH")


def check_disk(folder: Path, free_bytes: int | None = None) -> Iterator[Finding]:
    """Whether there is room where the platform keeps its state.

    Args:
        folder: Where that is; it need not exist yet.
        free_bytes: How much is free, when that is known already.
    """
    existing = next(
        path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()
    )
    free = shutil.disk_usage(existing).free if free_bytes is None else free_bytes
    says = f"{free / _GIB:.1f} GiB free at {existing}"
    do = "free some space, or give --state-dir on another disk"
    if free < _NEEDED_BYTES:
        yield problem("disk", says, "the embedded AWS could not keep what it accepts", do)
    elif free < _AMPLE_BYTES:
        yield warning("disk", says, "a few million events fill that", do)
    else:
        yield ok("disk", says)


def check_ports(ports: tuple[tuple[str, int, str], ...] = PORTS) -> Iterator[Finding]:
    """Whether the platform could listen where it does by default; for when it does not run."""
    for purpose, port, option in ports:
        try:
            require_free(port, purpose, option)
        except StartError as error:
            means = "`clickstream up` could not start with its default ports"
            yield warning(f"port {port}", str(error), means, f"clickstream up {option} PORT")
        else:
            yield ok(f"port {port}", f"free for the {purpose}")
