"""The documents' JavaScript, run where it lies.

Belongs here: finding it, preparing it in a scratch folder, and reading what its bench prints.
Nothing of it is part of this repository.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.bench.processes import environment

FUNCTIONS = {"event-processor": "processor", "anomaly-detector": "detector"}
_VARIANT = "seed-patched"  # verbatim, DynamoDB rejects every batch: `ttl` is a reserved word
_INSTALL = ("npm", "install", "--omit=dev", "--silent", "--no-audit", "--no-fund")


class BaselineUnavailable(RuntimeError):  # noqa: N818 - says what is the case
    """The documents' code cannot be measured here; the message says why."""


class Baseline:
    """The documents' code in a scratch folder."""

    def __init__(self, folder: Path, home: Path) -> None:
        """Remembers where the code is.

        Args:
            folder: Where `bench.js` lies.
            home: Scratch folder; what is prepared there is used again.
        """
        self._folder = folder.resolve()
        self._home = home.resolve()

    def events(self, count: int) -> Path:
        """The file of Zipf events that the documents' generator writes.

        Raises:
            BaselineUnavailable: If the generator or node is missing.
        """
        self._require("gen_events.js")
        path = self._home / f"zipf-{count}.ndjson"
        if not path.exists():
            self._home.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial")
            self._run("node", str(self._folder / "gen_events.js"), str(partial), str(count), "zipf")
            partial.rename(path)
        return path

    def prepare(self) -> None:
        """Extracts the code and installs what it needs.

        Raises:
            BaselineUnavailable: If something is missing or cannot be installed.
        """
        self._require("bench.js")
        variant = self._home / _VARIANT
        if not variant.exists():
            self._run("python3", str(self._folder / "extract.py"))
        for function in FUNCTIONS:
            if not (variant / function / "node_modules").exists():
                self._run(*_INSTALL, cwd=variant / function)

    def measure(
        self, function: str, data: Path, endpoint: str, batch_size: int, batches: int
    ) -> dict[str, Any]:
        """Runs the documents' bench of one function once; returns what it printed.

        Raises:
            BaselineUnavailable: If it fails, or any batch does.
        """
        options = {
            "--fn": function,
            "--variant": _VARIANT,
            "--data": str(data.resolve()),
            "--batches": str(batches),
            "--batch-size": str(batch_size),
            "--warmup": str(max(2, 1000 // batch_size)),
            "--counts": endpoint,
        }
        words = [word for pair in options.items() for word in pair]
        printed = self._run("node", "bench.js", *words, cwd=self._folder, endpoint=endpoint)
        result: dict[str, Any] = json.loads(printed.splitlines()[-1])
        if result["fail"]:
            raise BaselineUnavailable(f"{result['fail']} batches failed: {result['errs']}")
        return result

    def _require(self, name: str) -> None:
        if not (self._folder / name).exists():
            raise BaselineUnavailable(f"{name} is not in the folder --baseline names")
        if shutil.which("node") is None:
            raise BaselineUnavailable("node is not installed")

    def _run(self, *command: str, cwd: Path | None = None, endpoint: str = "") -> str:
        variables = {
            **environment(endpoint),
            "BASELINE_HOME": str(self._home),
            "BUCKET_NAME": "bench-lake",
        }
        try:
            done = subprocess.run(
                command, cwd=cwd, env=variables, capture_output=True, text=True, check=True
            )
        except FileNotFoundError:
            raise BaselineUnavailable(f"{command[0]} is not installed") from None
        except subprocess.CalledProcessError as error:
            raise BaselineUnavailable(f"{command[0]} failed: {error.stderr[-300:]}") from None
        return done.stdout
