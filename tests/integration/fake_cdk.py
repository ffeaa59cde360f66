"""A `cdk` that does nothing but write down how it was called."""

import json
import os
from pathlib import Path

_SCRIPT = """#!/bin/sh
printf '%s\\n' "$@" END >> "{log}"
printf '%s\\n' "$AWS_REGION" >> "{log}.regions"
while [ $# -gt 0 ]; do
  if [ "$1" = --outputs-file ]; then printf '%s' '{outputs}' > "$2"; fi
  shift
done
exit {code}
"""


class FakeCdk:
    """The executable, first on the path.

    Args:
        folder: A folder for it.
        outputs: What a deployment tells of the stacks.
        code: Its exit code.
    """

    def __init__(
        self, folder: Path, outputs: dict[str, dict[str, str]] | None = None, code: int = 0
    ) -> None:
        self._log = folder / "calls"
        script = folder / "cdk"
        text = _SCRIPT.format(log=self._log, outputs=json.dumps(outputs or {}), code=code)
        script.write_text(text)
        script.chmod(0o755)
        self.path = f"{folder}{os.pathsep}{os.environ['PATH']}"

    @property
    def regions(self) -> set[str]:
        """The regions it was told of."""
        return set(self._log.with_suffix(".regions").read_text().split())

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of each call."""
        if not self._log.exists():
            return []
        calls = self._log.read_text().split("END\n")[:-1]
        return [call.splitlines() for call in calls]
