"""The state directory of one platform on this machine.

Belongs here: its layout, its lock, and telling a good one from a broken one. What the processes put
into their folders is theirs.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FORMAT = 1
_MARKER = "clickstream.json"
_RUNNING = "running.json"
_LOCK = ".lock"


class StateError(RuntimeError):
    """The state directory cannot be used; the message says what to do."""


class State:
    """A state directory.

    Attributes:
        root: The directory, absolute.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def folder(self, name: str) -> Path:
        """A folder below the root, made when it is missing."""
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def exists(self) -> bool:
        """Whether a platform has lived here."""
        return (self.root / _MARKER).exists()

    def open(self, **first_time: Any) -> dict[str, Any]:
        """Makes the directory, or checks the one that is there.

        Args:
            first_time: What a new directory remembers for later starts.

        Returns:
            What the directory remembers.

        Raises:
            StateError: If something else is there, it is half written, or from a newer version.
        """
        marker = self.root / _MARKER
        if self.root.exists() and not self.root.is_dir():
            raise StateError(f"{self.root} is not a directory: choose another --state-dir")
        if not marker.exists():
            if self.root.exists() and any(p.name != _LOCK for p in self.root.iterdir()):
                raise StateError(
                    f"{self.root} holds files but no {_MARKER}: it is not a state directory of "
                    "this platform, or its first start was cut off. Move it away, or choose "
                    "another one with --state-dir."
                )
            self.root.mkdir(parents=True, exist_ok=True)
            write_json(marker, {"format": FORMAT, **first_time})
        try:
            found = json.loads(marker.read_text())
            version = int(found["format"])
        except (ValueError, KeyError, TypeError):
            raise StateError(
                f"{marker} cannot be read: the state is damaged. Move {self.root} away to start "
                "afresh, or restore that file from a backup."
            ) from None
        if version > FORMAT:
            raise StateError(
                f"{self.root} was written by a newer version (format {version}, this one knows "
                f"{FORMAT}): update clickstream, or choose another --state-dir."
            )
        return dict(found)

    def remember(self, **values: Any) -> dict[str, Any]:
        """Changes what an opened directory remembers; returns all of it."""
        found = {**self.open(), **values}
        write_json(self.root / _MARKER, found)
        return found

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps a second platform from using the same directory.

        Raises:
            StateError: If one is running.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StateError(
                    f"a platform is already running on {self.root}: see `clickstream status`, stop "
                    "it with Ctrl-C, or choose another --state-dir."
                ) from None
            yield

    def write_running(self, running: dict[str, Any]) -> None:
        """Leaves what other commands need to find this platform."""
        write_json(self.root / _RUNNING, {"pid": os.getpid(), "since": time.time(), **running})

    def clear_running(self) -> None:
        """Says that nothing runs here any more."""
        (self.root / _RUNNING).unlink(missing_ok=True)

    def read_running(self) -> dict[str, Any]:
        """What the platform that runs here left for other commands.

        Raises:
            StateError: If none runs.
        """
        path = self.root / _RUNNING
        if not self._is_locked() or not path.exists():
            raise StateError(
                f"no platform is running on {self.root}: start one with `clickstream up`, "
                "or name the folder of another with --state-dir."
            )
        try:
            return dict(json.loads(path.read_text()))
        except (ValueError, TypeError):
            raise StateError(f"{path} cannot be read: start the platform anew.") from None

    def _is_locked(self) -> bool:
        """Whether a platform holds the lock; a process id alone could be anybody's by now."""
        if not self.root.is_dir():
            return False
        try:
            with self.locked():
                return False
        except StateError:
            return True


def write_json(path: Path, value: object) -> None:
    """Writes a JSON file so that a reader sees the old one or the new one, whatever happens."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(value, indent=2) + "\n")
    temporary.replace(path)
