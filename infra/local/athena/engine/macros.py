"""Prepares a DuckDB instance: Athena's settings, Python functions and macros.

Belongs here: installing them in order. Does not belong here: the macros themselves (see
`scalar_macros` and `nested_macros`).

Names that start with ``athena_`` are targets of rewrites. Users cannot call any of them by name:
only the functions of `signatures` are.
"""

import duckdb

from infra.local.athena.engine import nested_macros, python_functions, scalar_macros

_SETTINGS = (
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL parquet_metadata_cache = true",  # cached files never change
)
MACROS = (
    *scalar_macros.NUMBERS,
    *scalar_macros.STRINGS,
    *scalar_macros.BYTES,
    *scalar_macros.URLS,
    *reversed(scalar_macros.CASTS),
    *nested_macros.TIMES,
    *nested_macros.COLLECTIONS,
    *nested_macros.JSON,
)


def install(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a DuckDB instance Athena's settings and functions.

    Args:
        connection: Any connection to the instance; every cursor of it sees the result.
    """
    for setting in _SETTINGS:
        connection.execute(setting)
    python_functions.register(connection)
    for macro in MACROS:
        connection.execute(f"CREATE OR REPLACE MACRO {macro}")
