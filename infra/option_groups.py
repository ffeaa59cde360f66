"""Options that belong together, as one argument of a command.

Belongs here: spreading a group into the options a person sees. Which groups there are belongs to
whoever has commands.
"""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """A command that takes groups, as one that takes the options of each.

    A group is a dataclass whose fields are annotated as options and have defaults. The name of a
    field is the name of an option's parameter, so no two groups of a command may share one.

    Args:
        command: A function or method; those of its parameters that are of a dataclass are groups.
    """
    signature = inspect.signature(command)
    groups: dict[str, type[Any]] = {
        name: parameter.annotation
        for name, parameter in signature.parameters.items()
        if _is_group(parameter.annotation)
    }
    spread: list[inspect.Parameter] = []
    for name, parameter in signature.parameters.items():
        if name in groups:
            spread.extend(_options_of(groups[name]))
        elif name == "self":
            spread.append(parameter)
        else:
            spread.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(command)
    def called(*args: object, **values: Any) -> None:
        made = {
            name: group(**{one.name: values.pop(one.name) for one in fields(group)})
            for name, group in groups.items()
        }
        command(*args, **values, **made)

    called.__signature__ = signature.replace(parameters=spread)  # type: ignore[attr-defined]
    return called


def _is_group(annotation: object) -> bool:
    return is_dataclass(annotation)


def _options_of(group: type[Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            one.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=_default_of(one),
            annotation=hints[one.name],
        )
        for one in fields(group)
    ]


def _default_of(field: "Field[Any]") -> object:
    return inspect.Parameter.empty if field.default is MISSING else field.default
