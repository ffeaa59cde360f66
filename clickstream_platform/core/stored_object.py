"""An object of the lake, as a listing shows it.

Belongs here: the value that planning and S3 share. Listing belongs to the lake resource.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class StoredObject:
    """An object as a listing shows it.

    Attributes:
        key: Its key.
        size_bytes: Its size.
        modified_at: When it was written (UTC).
    """

    key: str
    size_bytes: int
    modified_at: datetime
