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

STOP_GRACE_S = 20.0


def _stop(child: "subprocess.Popen[bytes]") -> None:
    """Asks the command's whole process group to stop, then makes it."""
    for sign, wait in ((signal.SIGTERM, STOP_GRACE_S), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(child.pid, sign)
        except ProcessLookupError:
            return
        try:
            child.wait(wait)
        except subprocess.TimeoutExpired:
            continue
        return


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
    try:
        os.killpg(child.pid, signal.SIGKILL)  # what the command itself left behind
    except (ProcessLookupError, PermissionError):
        return code
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
