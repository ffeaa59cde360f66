"""The HTTP server process: waitress, logging and a clean stop on SIGTERM.

Belongs here: the life of the process. Does not belong here: its command line (see `__main__`).
"""

import logging
import signal
from types import FrameType

from waitress.server import create_server

from infra.local.athena.api.application import AthenaApi
from infra.local.athena.service import AthenaService, Options

LOG = logging.getLogger(__name__)
_THREADS = 8
_MAX_BODY_BYTES = 16 << 20


def _stop(signum: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signum)


def serve(port: int, options: Options) -> None:
    """Serve Athena's API on 127.0.0.1 until SIGTERM or SIGINT.

    Args:
        port: TCP port.
        options: How the service runs.

    Raises:
        OSError: The port is taken.
        CacheInUseError: Another process uses the cache directory.
    """
    service = AthenaService(options)
    try:
        server = create_server(
            AthenaApi(service),
            host="127.0.0.1",
            port=port,
            threads=_THREADS,
            ident=None,
            max_request_body_size=_MAX_BODY_BYTES,
        )
        signal.signal(signal.SIGTERM, _stop)
        LOG.info("Athena on http://127.0.0.1:%d", port)
        server.run()  # returns after SystemExit or KeyboardInterrupt
        LOG.info("stopping")
        server.close()
    finally:
        service.close()
    LOG.info("stopped")
