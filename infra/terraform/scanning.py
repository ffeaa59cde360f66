"""`python -m infra.terraform.scanning CHECKOV`: has checkov search the module.

Belongs here: running it on the choices that make different resources, and holding what it finds
against what was acknowledged. It runs without a network, and is installed apart from the platform:
see docs/adr/0016.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from infra.terraform.acknowledgements import ACKNOWLEDGEMENTS, Acknowledgement
from infra.terraform.module import MODULE

# Between them they have every resource of the module.
CHOICES: tuple[dict[str, str], ...] = (
    {"alarm_email": "operators@example.com"},
    {"kms": "own", "delivery": "firehose"},
)


class Finding(NamedTuple):
    """What checkov dislikes about a resource."""

    check: str
    name: str
    resource: str


class ScanError(RuntimeError):
    """checkov did not search the module."""


def scan(checkov: str, choices: dict[str, str]) -> set[Finding]:
    """What it finds with some choices.

    Args:
        checkov: The executable.
        choices: Values of the module's variables.

    Raises:
        ScanError: If it cannot be run, or could not read all of the module.
    """
    with tempfile.TemporaryDirectory() as folder:
        chosen = Path(folder) / "chosen.tfvars"
        chosen.write_text("".join(f'{name} = "{value}"\n' for name, value in choices.items()))
        options = ("--framework", "terraform", "--skip-download", "--quiet", "--compact")
        words = [checkov, "--directory", str(MODULE), "--var-file", str(chosen), *options]
        try:
            ended = subprocess.run(  # noqa: S603 - the executable comes from the command line
                [*words, "--output", "json"], capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise ScanError(f"{checkov} cannot be run: {error}") from error
    return set(_findings(ended))


def _findings(ended: "subprocess.CompletedProcess[str]") -> Iterable[Finding]:
    try:
        report: dict[str, Any] = json.loads(ended.stdout)
        summary = report["summary"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ScanError(f"checkov gave no report: {ended.stdout}{ended.stderr}") from error
    if summary["parsing_errors"] or not summary["passed"]:
        raise ScanError(f"checkov could not read the module: {summary}")
    for one in report["results"]["failed_checks"]:
        yield Finding(one["check_id"], one["check_name"], one["resource"])


def faults(
    findings: Iterable[Finding], acknowledgements: Sequence[Acknowledgement] = ACKNOWLEDGEMENTS
) -> list[str]:
    """What nobody has acknowledged, and what was acknowledged for nothing."""
    needed: set[Acknowledgement] = set()
    said: list[str] = []
    for finding in sorted(findings):
        covering = [one for one in acknowledgements if _covers(one, finding)]
        needed.update(covering)
        if not covering:
            said.append(f"{finding.resource}: {finding.check} {finding.name}")
    idle = (one for one in acknowledgements if one not in needed)
    return [*said, *(f"{one.check} is acknowledged on {one.where} for nothing" for one in idle)]


def _covers(acknowledgement: Acknowledgement, finding: Finding) -> bool:
    return acknowledgement.check == finding.check and fnmatchcase(
        finding.resource, acknowledgement.where
    )


def main(checkov: str) -> int:
    """Searches, and says what is wrong.

    Returns:
        1 if anything is, else 0.
    """
    try:
        found = set().union(*(scan(checkov, choices) for choices in CHOICES))
    except ScanError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    wrong = faults(found)
    sys.stdout.writelines(f"{line}\n" for line in wrong)
    if not wrong:
        sys.stdout.write(f"{len(found)} findings of checkov, all acknowledged\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
