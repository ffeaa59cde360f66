"""Workgroups and prepared statements: what clients define, kept in one small file.

Belongs here: storing them across restarts. Does not belong here: running anything.
"""

import json
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from infra.local.athena.errors import ApiError, invalid_request

PRIMARY = "primary"


@dataclass
class WorkGroup:
    """A workgroup; `created_at` is in seconds since the epoch."""

    name: str
    output_location: str = ""
    description: str = ""
    created_at: float = field(default_factory=time.time)


@dataclass
class PreparedStatement:
    """A prepared statement of one workgroup; `modified_at` is in seconds since the epoch."""

    name: str
    workgroup: str
    sql: str
    description: str = ""
    modified_at: float = field(default_factory=time.time)


class Definitions:
    """The definitions, and the file that keeps them.

    Args:
        path: JSON file; created with the first definition.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._workgroups = {PRIMARY: WorkGroup(PRIMARY)}
        self._statements: dict[tuple[str, str], PreparedStatement] = {}
        if path.exists():
            self._load()

    def _load(self) -> None:
        stored = json.loads(self._path.read_text())
        for item in stored["workgroups"]:
            self._workgroups[item["name"]] = WorkGroup(**item)
        for item in stored["statements"]:
            statement = PreparedStatement(**item)
            self._statements[statement.workgroup, statement.name] = statement

    def _save(self) -> None:
        content = {
            "workgroups": [asdict(item) for item in self._workgroups.values()],
            "statements": [asdict(item) for item in self._statements.values()],
        }
        partial = self._path.with_suffix(".part")
        partial.write_text(json.dumps(content, indent=1))
        partial.replace(self._path)

    def workgroups(self) -> list[WorkGroup]:
        """Return every workgroup."""
        with self._lock:
            return list(self._workgroups.values())

    def workgroup(self, name: str) -> WorkGroup:
        """Return a workgroup; one that nobody created has the service's defaults.

        Athena refuses unknown workgroups. Here they need no provisioning step before the first
        query, which the emulators' other services do not need either.
        """
        with self._lock:
            return self._workgroups.get(name) or WorkGroup(name)

    def put_workgroup(self, workgroup: WorkGroup, *, must_be_new: bool) -> None:
        """Create or replace a workgroup.

        Raises:
            ApiError: It exists and had to be new.
        """
        with self._lock:
            if must_be_new and workgroup.name in self._workgroups:
                raise invalid_request("WorkGroup already exists")
            self._workgroups[workgroup.name] = workgroup
            self._save()

    def delete_workgroup(self, name: str) -> None:
        """Delete a workgroup and its prepared statements.

        Raises:
            ApiError: It is the primary one.
        """
        if name == PRIMARY:
            raise invalid_request("Primary WorkGroup could not be deleted")
        with self._lock:
            self._workgroups.pop(name, None)
            kept = {key: item for key, item in self._statements.items() if key[0] != name}
            self._statements = kept
            self._save()

    def statements(self, workgroup: str) -> list[PreparedStatement]:
        """Return a workgroup's prepared statements."""
        with self._lock:
            return [item for item in self._statements.values() if item.workgroup == workgroup]

    def statement(self, workgroup: str, name: str) -> PreparedStatement:
        """Return a prepared statement.

        Raises:
            ApiError: ResourceNotFoundException.
        """
        with self._lock:
            found = self._statements.get((workgroup, name))
        if found is None:
            raise ApiError("ResourceNotFoundException", f"PreparedStatement {name} was not found")
        return found

    def put_statement(self, statement: PreparedStatement, *, must_be_new: bool) -> None:
        """Create or replace a prepared statement.

        Raises:
            ApiError: It exists and had to be new.
        """
        key = (statement.workgroup, statement.name)
        with self._lock:
            if must_be_new and key in self._statements:
                raise invalid_request(f"PreparedStatement {statement.name} already exists")
            self._statements[key] = statement
            self._save()

    def delete_statement(self, workgroup: str, name: str) -> None:
        """Delete a prepared statement.

        Raises:
            ApiError: ResourceNotFoundException.
        """
        self.statement(workgroup, name)
        with self._lock:
            self._statements.pop((workgroup, name), None)
            self._save()
