"""How far each shard has been processed.

Belongs here: the checkpoint file of one function. It is written after each part of a batch is done
or given up, so a crash delivers what was under way again and never skips any of it.
"""

import json
import logging
import threading
from pathlib import Path

from infra.local.state import write_json

logger = logging.getLogger(__name__)


class Checkpoints:
    """The last sequence number done of each shard, kept in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._done = _read(path)

    def get(self, shard_id: str) -> str | None:
        """The last sequence number done, or None for a shard never read."""
        return self._done.get(shard_id)

    def set(self, shard_id: str, sequence_number: str) -> None:
        """Remembers that everything up to this record is done."""
        with self._lock:
            self._done[shard_id] = sequence_number
            write_json(self._path, self._done)


def _read(path: Path) -> dict[str, str]:
    """The file's content; a damaged one means to start over, which the fences make harmless."""
    if not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_text()))
    except ValueError:
        logger.warning("%s is damaged: every shard is read again from its beginning", path)
        return {}
