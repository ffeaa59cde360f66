"""How a command ends before its time.

Belongs here: errors as messages and signals as interrupts, the same for every command. Which errors
a command can meet belongs to the command.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from rich.console import Console
from rich.markup import escape

from infra.querying import QueryError

console = Console(stderr=True, highlight=False)


def fail(message: str, code: int = 1) -> NoReturn:
    """Ends the command with a message, which may hold anything.

    Raises:
        typer.Exit: With the code.
    """
    console.print(f"[red]error:[/red] {escape(message)}", soft_wrap=True)
    raise typer.Exit(code)


@contextmanager
def aws_errors_as_messages() -> Iterator[None]:
    """What AWS refuses, or a platform that does not answer, ends the command with a message."""
    try:
        yield
    except (QueryError, ClientError, ParamValidationError) as error:
        fail(str(error))
    except BotoCoreError as error:
        fail(f"the platform does not answer ({error}); `clickstream doctor` says what is wrong")


@contextmanager
def signals_as_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP stop like Ctrl-C, so that everything is stopped in order.

    SIGINT is among them because a shell starts background jobs with it ignored. SIGHUP is left
    ignored where it is: that is what `nohup` is for.
    """
    signs = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signs.append(signal.SIGHUP)

    def interrupt(*_: object) -> None:
        for sign in signs:  # a second one would cut the stopping short
            signal.signal(sign, signal.SIG_IGN)
        raise KeyboardInterrupt

    old = {sign: signal.signal(sign, interrupt) for sign in signs}
    try:
        yield
    finally:
        for sign, handler in old.items():
            signal.signal(sign, handler)
