"""Where on the stream the erased records were, kept so that their absence is no loss.

Belongs here: writing the notes. Their form and who reads them: `clickstream_platform.core.erased`.
"""

from collections.abc import Collection

from clickstream_platform.core.erased import note_key, to_note
from clickstream_platform.core.stream_audit import Position
from clickstream_platform.resources.lake import LakeResource


def keep_places(lake: LakeResource, source: str, positions: Collection[Position]) -> None:
    """Notes the places of records; to be called before they are erased.

    A process that dies in between has noted what is still there, which explains nothing away: the
    checks look for a record in the lake first. The other way round it would look lost for ever.

    Args:
        lake: The lake.
        source: The prefix of what they are erased from.
        positions: The places; an hour is told to have changed even if none is known.
    """
    note = to_note(positions)
    lake.write(note_key(source, note), note)
