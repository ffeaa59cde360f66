"""Asking tables for a person, by the digests of their ids.

Belongs here: SQL, as pure text, for Athena and for DuckDB. Who the person is belongs in `erasure`;
running statements belongs to `infra/erasure`.

No id is part of any statement: Athena keeps the text of a query for weeks. A digest is of the salt
and the id, in 32 hexadecimal digits.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from clickstream_platform.core.compaction import EARLIEST_FIRST, SORTED_BY
from clickstream_platform.core.erasure import DIGEST_CHARS, MOST_OTHER_DEVICES, Person

# Columns by which a row of a mart is somebody's.
ID_COLUMNS = ("user_id", "anonymous_id", "session_id", "visitor_id")
_ROW_GROUP_ROWS = 122_880


def links_sql(person: Person, tables: Sequence[str]) -> str:
    """The query for the ids that occur together with a person.

    Args:
        person: The person as given: users and devices.
        tables: Tables with the contract's columns.

    Returns:
        A SELECT of `kind` (device or session), `digest`, `is_own` and `is_shared`.
    """
    ids = " UNION ALL ".join(
        f"SELECT user_id, anonymous_id, session_id FROM {table}"  # noqa: S608 - our own names
        for table in tables
    )
    return f"""
        WITH seen AS (
            SELECT DISTINCT
                anonymous_id,
                session_id,
                user_id IS NOT NULL AS has_user,
                {_is_in(_athena_digest("user_id", person), person.users)} AS is_user,
                {_is_in(_athena_digest("anonymous_id", person), person.devices)} AS is_given
            FROM ({ids})
        ),
        devices AS (
            SELECT
                anonymous_id,
                bool_or(is_given) AS is_given,
                bool_or(has_user AND NOT is_user) AS is_shared
            FROM seen
            WHERE anonymous_id IS NOT NULL
            GROUP BY anonymous_id
            HAVING bool_or(is_user OR is_given)
        ),
        placed AS (
            SELECT
                seen.session_id,
                seen.anonymous_id,
                seen.has_user,
                seen.is_user,
                coalesce(devices.is_given OR NOT devices.is_shared, false) AS is_own_device
            FROM seen
            LEFT JOIN devices ON devices.anonymous_id = seen.anonymous_id
        ),
        sessions AS (
            SELECT
                session_id,
                bool_or(has_user AND NOT is_user) OR count(
                    DISTINCT CASE WHEN NOT is_own_device THEN anonymous_id END
                ) > {MOST_OTHER_DEVICES} AS is_shared
            FROM placed
            WHERE session_id IS NOT NULL
            GROUP BY session_id
            HAVING bool_or(is_user OR (is_own_device AND NOT has_user))
        )
        SELECT
            'device' AS kind,
            {_athena_digest("anonymous_id", person)} AS digest,
            is_given OR NOT is_shared AS is_own,
            is_shared
        FROM devices
        UNION ALL
        SELECT 'session', {_athena_digest("session_id", person)}, NOT is_shared, is_shared
        FROM sessions
    """  # noqa: S608 - names of ours and hexadecimal digits


def rows_sql(person: Person, tables: Sequence[str]) -> str:
    """The query that counts a person's rows by table and hour.

    Returns:
        A SELECT of `source`, `datehour`, `row_count` and `last_received_at`.
    """
    columns = {name: _athena_digest(name, person) for name in ID_COLUMNS}
    condition = _is_person(
        _is_in(columns["user_id"], person.users),
        _is_in(columns["anonymous_id"], person.devices),
        _is_in(columns["session_id"], person.sessions),
    )
    return " UNION ALL ".join(
        f"SELECT '{table}' AS source, datehour, count(*) AS row_count, "  # noqa: S608
        f"max(received_at) AS last_received_at FROM {table} WHERE {condition} GROUP BY datehour"
        for table in tables
    )


def mart_rows_sql(person: Person, table: str, columns: Collection[str]) -> str | None:
    """The query of one number, `row_count`: rows of a mart that are about a person.

    Args:
        person: A portion of the person.
        table: The mart.
        columns: Its columns.

    Returns:
        None when the mart has no column that could tell: it holds nobody.
    """
    conditions = [
        _is_in(_athena_digest(name, person), person.digests)
        for name in ID_COLUMNS
        if name in columns
    ]
    if not conditions:
        return None
    return f'SELECT count(*) AS row_count FROM "{table}" WHERE {" OR ".join(conditions)}'  # noqa: S608


def person_tables_sql(person: Person) -> list[str]:
    """The statements that make DuckDB know a person."""
    statements = []
    for name in ("users", "devices", "sessions"):
        values = ", ".join(f"('{one}')" for one in sorted(getattr(person, name)))
        statements.append(f"CREATE OR REPLACE TABLE {name} (digest VARCHAR)")
        if values:
            statements.append(f"INSERT INTO {name} VALUES {values}")  # noqa: S608 - digests
    return statements


def files_sql(files: Iterable[Path]) -> str:
    """Some Parquet files as a table, under all their columns, with `source_file` and place."""
    names = ", ".join(_literal(str(file)) for file in files)
    return (
        f"(SELECT * RENAME (filename AS source_file, file_row_number AS source_row) "  # noqa: S608
        f"FROM read_parquet([{names}], union_by_name = true, hive_partitioning = false, "
        "filename = true, file_row_number = true))"
    )


def counts_sql(files: Sequence[Path], columns: Collection[str], person: Person) -> str:
    """The query of `source_file`, its rows and those of the person; DuckDB's."""
    return (
        f"SELECT source_file, count(*), count(*) FILTER (WHERE {event_condition(columns, person)}) "  # noqa: S608
        f"FROM {files_sql(files)} GROUP BY source_file"
    )


def kept_sql(file: Path, columns: Collection[str], person: Person, target: Path) -> str:
    """The statement that writes a file without the person's rows: same columns, same order."""
    return (
        f"COPY (SELECT * FROM read_parquet({_literal(str(file))}, hive_partitioning = false) "  # noqa: S608
        f"WHERE NOT ({event_condition(columns, person)})) TO {_parquet(target)}"
    )


def late_sql(raw: Sequence[Path], kept: Sequence[Path], target: Path) -> str:
    """The statement that writes the events of raw files that compacted files lack.

    They came after the hour was compacted, or it never was, or they had been taken for duplicates
    of an event that is gone. Of one event_id the earliest arrival stays.

    Args:
        raw: The raw files, without the person.
        kept: The hour's compacted files, without the person; maybe none.
        target: The file to write.
    """
    earliest = ", ".join((*EARLIEST_FIRST, "source_file", "source_row"))
    lacking = (
        f" ANTI JOIN {files_sql(kept)} AS kept ON arrived.event_id IS NOT DISTINCT FROM "
        "kept.event_id"
        if kept
        else ""
    )
    return (
        f"COPY (SELECT * EXCLUDE (source_file, source_row) FROM {files_sql(raw)} AS arrived{lacking} "  # noqa: S608, E501
        f"QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY {earliest}) = 1 "
        f"ORDER BY {', '.join(SORTED_BY)}) TO {_parquet(target)}"
    )


def event_condition(columns: Collection[str], person: Person) -> str:
    """Whether a row of events is the person's, for DuckDB; never NULL.

    Args:
        columns: The columns that are there; one that a file lacks reads as NULL.
        person: Whose salt it is.
    """

    def is_known(column: str, table: str) -> str:
        if column not in columns:
            return "false"
        return f"coalesce({_duckdb_digest(column, person)} IN (FROM {table}), false)"

    has_no_user = "user_id IS NULL" if "user_id" in columns else "true"
    return _is_person(
        is_known("user_id", "users"),
        is_known("anonymous_id", "devices"),
        is_known("session_id", "sessions"),
        has_no_user,
    )


def mart_condition(columns: Collection[str], person: Person) -> str | None:
    """Whether a row of a mart's file is about the person, for DuckDB; None if it cannot be."""
    digests = "(FROM users UNION ALL FROM devices UNION ALL FROM sessions)"
    conditions = [
        f"coalesce({_duckdb_digest(name, person)} IN {digests}, false)"
        for name in ID_COLUMNS
        if name in columns
    ]
    return " OR ".join(conditions) or None


def _is_person(user: str, device: str, session: str, has_no_user: str = "user_id IS NULL") -> str:
    return f"({user} OR ({has_no_user} AND ({device} OR {session})))"


def _is_in(digest: str, digests: Collection[str]) -> str:
    """Whether a digest is one of some, for Athena; never NULL."""
    if not digests:
        return "false"
    values = ", ".join(f"'{one}'" for one in sorted(digests))
    return f"coalesce({digest} IN ({values}), false)"


def _athena_digest(column: str, person: Person) -> str:
    salted = f"to_utf8('{person.salt}' || {column})"
    return f"substr(lower(to_hex(sha256({salted}))), 1, {DIGEST_CHARS})"


def _duckdb_digest(column: str, person: Person) -> str:
    return f"left(sha256('{person.salt}' || CAST({column} AS VARCHAR)), {DIGEST_CHARS})"


def _parquet(target: Path) -> str:
    return (
        f"{_literal(str(target))} (FORMAT parquet, COMPRESSION zstd, "
        f"ROW_GROUP_SIZE {_ROW_GROUP_ROWS})"
    )


def _literal(text: str) -> str:
    """A SQL text literal."""
    return "'" + text.replace("'", "''") + "'"
