"""From the provider's words to CloudFormation's."""

from typing import Any

Properties = dict[str, Any]
Described = dict[tuple[str, str], Properties]
"""From a type of CloudFormation and a name to properties."""

One = tuple[str, str, Properties]


def given(value: Any) -> Any:
    """Properties without those that nobody gave."""
    if isinstance(value, dict):
        return {name: given(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [given(one) for one in value]
    return value


def words(values: Any, names: dict[str, str]) -> Properties:
    """Some of the values, under CloudFormation's names."""
    return {new: values[old] for old, new in names.items()}
