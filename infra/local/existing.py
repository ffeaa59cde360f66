"""Creating what may be there already.

Belongs here: which of AWS's errors say that something exists. Anything else that AWS refuses is
raised.
"""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

_EXISTS = {
    "AlreadyExistsException",
    "ResourceInUseException",
    "ResourceExistsException",
    "BucketAlreadyOwnedByYou",
}


def create(call: Callable[[], Any]) -> bool:
    """Calls; False when the thing exists already."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _EXISTS:
            raise
        return False
    return True
