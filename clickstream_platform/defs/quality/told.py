"""What a check tells beside its verdict.

Belongs here: leaving out what says nothing. What is told belongs to the checks.
"""

from collections.abc import Mapping
from typing import Any


def without_empty(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata without its empty lists, each of which the UI shows as a button to nothing."""
    return {name: value for name, value in metadata.items() if value not in ([], {})}
