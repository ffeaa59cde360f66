"""ministack, with its state saved as it runs: `python -m infra.local.aws_host`.

Belongs here: what ministack lacks as a home for accepted events. It writes its state when it is
stopped; killed together with its guard, or without power, it would lose everything since its start.
Here it is also saved every few seconds, a stop that was not clean is remembered, and a state file
that cannot be read stops the start instead of being replaced by an empty one.
"""

import json
import logging
import sys
import threading
import time
from pathlib import Path

from ministack import app
from ministack.core import persistence

SERVICES = ("s3", "sqs", "sns", "dynamodb", "kinesis")
SAVE_EVERY_S = 3.0
_SHARE_OF_TIME = 20  # a save that takes long is made less often
UNCLEAN = "unclean-stop"

logger = logging.getLogger(__name__)


def require_readable(folder: Path) -> None:
    """Checks every saved state.

    Raises:
        SystemExit: If one cannot be read; ministack itself would go on without it.
    """
    for path in sorted(folder.glob("*.json")):
        try:
            json.loads(path.read_text())
        except ValueError:
            sys.exit(
                f"{path} is damaged. Move it away to start without what it held, or restore it."
            )


def save_now() -> None:
    """Saves the state of every service that was used; a service keeps its last file on a fault."""
    modules = {name: sys.modules.get(f"ministack.services.{name}") for name in SERVICES}
    loaded = {name: module.get_state for name, module in modules.items() if module is not None}
    persistence.save_all(loaded)


def _save_regularly(stopping: threading.Event) -> None:
    pause = SAVE_EVERY_S
    while not stopping.wait(pause):
        started = time.monotonic()
        save_now()
        pause = max(SAVE_EVERY_S, _SHARE_OF_TIME * (time.monotonic() - started))


def main() -> None:
    """Serves until SIGTERM, then saves and forgets the mark of an unclean stop."""
    folder = Path(persistence.STATE_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    require_readable(folder)
    mark = folder / UNCLEAN
    mark.touch()
    stopping = threading.Event()
    saver = threading.Thread(target=_save_regularly, args=(stopping,), daemon=True)
    saver.start()
    sys.argv = sys.argv[:1]  # ministack reads it too
    try:
        app.main()
    finally:
        stopping.set()
        saver.join()
    save_now()
    mark.unlink()


if __name__ == "__main__":
    main()
