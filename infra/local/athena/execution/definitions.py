"""Work groups, prepared statements, named queries and tags: what clients define, in one small file.

Belongs here: storing them across restarts, and what names must exist. Does not belong here: running
anything, and the API's shapes (see `metadata_api` and `named_api`).
"""

import json
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from infra.local.athena.errors import ApiError, invalid_request

PRIMARY = "primary"
Tags = list[dict[str, str]]


@dataclass
class WorkGroup:
    """A work group; `created_at` is in seconds since the epoch, `scan_limit` in bytes or 0."""

    name: str
    output_location: str = ""
    description: str = ""
    created_at: float = field(default_factory=time.time)
    enforced: bool = False
    scan_limit: int = 0
    enabled: bool = True
    tags: Tags = field(default_factory=list)


@dataclass
class PreparedStatement:
    """A prepared statement of one work group; `modified_at` is in seconds since the epoch."""

    name: str
    workgroup: str
    sql: str
    description: str = ""
    modified_at: float = field(default_factory=time.time)


@dataclass
class NamedQuery:
    """A saved query of one work group."""

    id: str
    name: str
    workgroup: str
    database: str
    sql: str
    description: str = ""


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
        self._named: dict[str, NamedQuery] = {}
        if path.exists():
            self._load()

    def _load(self) -> None:
        stored = json.loads(self._path.read_text())
        for item in stored["workgroups"]:
            self._workgroups[item["name"]] = WorkGroup(**item)
        for item in stored["statements"]:
            statement = PreparedStatement(**item)
            self._statements[statement.workgroup, statement.name] = statement
        for item in stored.get("named", []):  # absent from files of earlier versions
            self._named[item["id"]] = NamedQuery(**item)

    def _save(self) -> None:
        content = {
            "workgroups": [asdict(item) for item in self._workgroups.values()],
            "statements": [asdict(item) for item in self._statements.values()],
            "named": [asdict(item) for item in self._named.values()],
        }
        partial = self._path.with_suffix(".part")
        partial.write_text(json.dumps(content, indent=1))
        partial.replace(self._path)

    def workgroups(self) -> list[WorkGroup]:
        """Return every work group."""
        with self._lock:
            return list(self._workgroups.values())

    def workgroup(self, name: str) -> WorkGroup:
        """Return a work group.

        Raises:
            ApiError: There is none of that name.
        """
        with self._lock:
            found = self._workgroups.get(name)
        if found is None:
            raise invalid_request(f"WorkGroup {name} is not found.")
        return found

    def put_workgroup(self, workgroup: WorkGroup, *, must_be_new: bool) -> None:
        """Create or replace a work group.

        Raises:
            ApiError: It exists and had to be new.
        """
        with self._lock:
            if must_be_new and workgroup.name in self._workgroups:
                raise invalid_request("WorkGroup is already created")
            self._workgroups[workgroup.name] = workgroup
            self._save()

    def delete_workgroup(self, name: str, *, recursive: bool) -> None:
        """Delete a work group with its prepared statements and named queries.

        Raises:
            ApiError: It is the primary one, unknown, or not empty without `recursive`.
        """
        if name == PRIMARY:
            raise invalid_request("Primary WorkGroup could not be deleted")
        self.workgroup(name)
        with self._lock:
            statements = {key: one for key, one in self._statements.items() if key[0] == name}
            named = {key: one for key, one in self._named.items() if one.workgroup == name}
            if (statements or named) and not recursive:
                raise invalid_request(f"WorkGroup {name} is not empty")
            self._workgroups.pop(name)
            for key in statements:
                self._statements.pop(key)
            for identity in named:
                self._named.pop(identity)
            self._save()

    def statements(self, workgroup: str) -> list[PreparedStatement]:
        """Return a work group's prepared statements."""
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

    def named_queries(self, workgroup: str) -> list[NamedQuery]:
        """Return a work group's named queries."""
        with self._lock:
            return [item for item in self._named.values() if item.workgroup == workgroup]

    def named_query(self, identity: str) -> NamedQuery:
        """Return a named query.

        Raises:
            ApiError: It is unknown.
        """
        with self._lock:
            found = self._named.get(identity)
        if found is None:
            raise invalid_request(f"NamedQuery {identity} was not found")
        return found

    def put_named_query(self, query: NamedQuery) -> None:
        """Create or replace a named query."""
        with self._lock:
            self._named[query.id] = query
            self._save()

    def delete_named_query(self, identity: str) -> None:
        """Delete a named query.

        Raises:
            ApiError: It is unknown.
        """
        self.named_query(identity)
        with self._lock:
            self._named.pop(identity, None)
            self._save()
