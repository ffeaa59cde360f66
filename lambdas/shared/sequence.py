"""Sequence numbers of Kinesis as text that sorts.

Belongs here: their padded form, which fences and keys hold.
"""

_DIGITS = 60


def padded(sequence_number: str) -> str:
    """A sequence number as text that sorts like the number: it is longer than 64 bits."""
    return sequence_number.zfill(_DIGITS)
