"""How an erasure fails.

Belongs here: the exceptions whose messages a person reads, and nothing else.
"""


class ErasureError(RuntimeError):
    """An erasure cannot be begun or finished; the message says why, and never who."""


class NotBegunError(ErasureError):
    """It may not begin now; nothing was changed."""
