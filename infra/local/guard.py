"""Ties a process to its parent: `python -m infra.local.guard COMMAND…`.

Belongs here: one thing only. The guard runs the command in a session of its own and holds a pipe
from the launcher. When the launcher ends, however it ends (`kill -9` included), the pipe closes and
the guard stops the command politely, so that no process is left behind and emulators save their
state. It uses the standard library alone, to start fast and stay small.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

STOP_GRACE_S = 20.0


def _stop(child: "subprocess.Popen[bytes]") -> None:
    """Asks the command to stop, then makes its whole process group end.

    Only the command itself is asked: it knows in which order to stop its own children, and asking
    those too confuses commands such as `dagster dev`.
    """
    child.terminate()
    try:
        child.wait(STOP_GRACE_S)
    except subprocess.TimeoutExpired:
        _kill_group(child.pid)


def _kill_group(leader: int) -> None:
    """Ends what is left of a process group; there may be nothing left."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def main(command: list[str]) -> int:
    """Runs a command until it ends or standard input does.

    Returns:
        The command's exit code.
    """
    if not command:
        sys.stderr.write("usage: python -m infra.local.guard COMMAND…\n")
        return 2
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603
    # In a thread: the main thread sits in wait() and holds the lock that _stop() needs.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=_stop, args=[child]).start())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the launcher decides the order of the end

    def watch() -> None:
        while os.read(0, 4096):
            pass
        _stop(child)

    threading.Thread(target=watch, daemon=True).start()
    code = child.wait()
    _kill_group(child.pid)  # what the command itself left behind
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
