"""A function's environment variables as a typed value.

Belongs here: reading and checking the environment. What the variables mean belongs to the
function's own model.
"""

import os
from typing import TypeVar

import msgspec

Model = TypeVar("Model", bound=msgspec.Struct)


def read_environment(model: type[Model]) -> Model:
    """Builds a function's settings from the environment.

    Args:
        model: A struct whose field names are the variables' names in lower case.

    Returns:
        The settings.

    Raises:
        RuntimeError: Naming the variable that is missing or malformed.
    """
    values = {name.lower(): value for name, value in os.environ.items() if value != ""}
    wanted = {name: values[name] for name in model.__struct_fields__ if name in values}
    try:
        return msgspec.convert(wanted, model, strict=False)
    except msgspec.ValidationError as error:
        raise RuntimeError(f"the environment of this function is incomplete: {error}") from error
