"""How a table's columns may change: they may be added, and nothing else.

Belongs here: the rule, as a pure function. Reading and changing a table belongs to the catalog
resource.
"""

from collections.abc import Mapping, Sequence

from lambdas.shared.columns import Column


class IncompatibleColumnError(ValueError):
    """A column of the contract has another type in the catalog; says which, and what to do."""


def missing_columns(
    table: str, present: Mapping[str, str], wanted: Sequence[Column]
) -> list[Column]:
    """The columns that a table is to be given.

    A column that the table has and the contract does not is left alone: files that hold it exist.

    Args:
        table: The table's name, for the message.
        present: Its columns and their types, as Glue spells them.
        wanted: The columns of the contract.

    Returns:
        The columns it lacks, in the contract's order.

    Raises:
        IncompatibleColumnError: If a column has another type.
    """
    wrong = [
        f"{column.name} is {present[column.name]} in the catalog and {column.hive_type} in the "
        "contract"
        for column in wanted
        if column.name in present and present[column.name] != column.hive_type
    ]
    if wrong:
        raise IncompatibleColumnError(
            f"table {table}: {'; '.join(wrong)}. Files with the old type exist and would become "
            "unreadable. Give the changed column a name of its own in lambdas/shared/columns.py, "
            "or rewrite the table under a new name."
        )
    return [column for column in wanted if column.name not in present]
