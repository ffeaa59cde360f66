"""`python -m tests.soak`, or `make soak`.

Belongs here: the command line. Everything else belongs in `run`.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from infra.clients.report import SendError
from infra.local.processes import StartError
from infra.local.state import State, StateError
from tests.soak import report
from tests.soak.outcome import Options, Report
from tests.soak.run import Soak, SoakError

_LIMIT_S = 480.0
_SEED = 7  # its kills leave each function an outage that lasts, and fall into others


def main() -> int:
    """Soaks, prints and writes docs/bench/soak.json and soak.md.

    Returns:
        0 when every check holds, 1 when one does not, 2 when it could not be carried out.
    """
    arguments = _arguments()
    console = Console(highlight=False)
    folder: Path = arguments.state_dir or Path(tempfile.mkdtemp(prefix="clickstream-soak-"))
    options = Options(arguments.events, arguments.seed, arguments.limit, not arguments.no_faults)
    code, is_kept = 2, True
    try:
        found = _soak(folder, options, console)
        report.show(found, console)
        if not arguments.no_report:
            report.write(found, options)
        code, is_kept = int(not found.holds), arguments.keep or not found.holds
    except (SoakError, SendError, StartError, StateError) as error:
        console.print(f"[red]{error}[/]", soft_wrap=True)
    except KeyboardInterrupt:
        code, is_kept = 130, arguments.keep
    if is_kept:
        console.print(f"state and logs are kept in {folder}", soft_wrap=True)
    else:
        shutil.rmtree(folder)
    return code


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="how many are sent")
    parser.add_argument("--seed", type=int, default=_SEED, help="of traffic and timetable")
    parser.add_argument("--state-dir", type=Path, help="a new folder; a temporary one if left out")
    parser.add_argument("--keep", action="store_true", help="keep the folder when all is well")
    parser.add_argument("--limit", type=float, default=_LIMIT_S, help="give up after seconds")
    parser.add_argument("--no-faults", action="store_true", help="only traffic and checks")
    parser.add_argument("--no-report", action="store_true", help="write nothing below docs/bench")
    arguments = parser.parse_args()
    if arguments.state_dir is not None and arguments.state_dir.exists():
        parser.error(f"{arguments.state_dir} exists: a soak needs a platform of its own")
    return arguments


def _soak(folder: Path, options: Options, console: Console) -> Report:
    state = State(folder)
    with state.locked():  # by which `clickstream redrive` knows that it runs
        state.open()
        return Soak(state, options, lambda text: console.print(f"· {text}")).run()


if __name__ == "__main__":
    sys.exit(main())
