"""Command line of the embedded Athena: ``python -m infra.local.athena --port 9001 …``.

Belongs here: arguments and their defaults. Does not belong here: the server (see `server`).

S3 and Glue are found through the usual AWS environment variables: AWS_ENDPOINT_URL_S3,
AWS_ENDPOINT_URL_GLUE (or AWS_ENDPOINT_URL), AWS_REGION or AWS_DEFAULT_REGION, and credentials.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.local.athena.data.cache import CacheInUseError
from infra.local.athena.server import serve
from infra.local.athena.service import Options

LOG = logging.getLogger(__name__)
_MEBIBYTE = 1 << 20


def _quarter_of_memory() -> str:
    installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{installed // 4 // _MEBIBYTE}MiB"


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line; exits with usage text when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.athena", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--cache-dir", type=Path, required=True)
    parser.add_argument("--output-location", required=True, help="s3://bucket/prefix/")
    parser.add_argument(
        "--memory-limit",
        default=_quarter_of_memory(),
        help="of DuckDB (default: a quarter of this machine's, %(default)s)",
    )
    parser.add_argument("--threads", type=int, default=2, help="of DuckDB (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=4, help="statements run at once")
    parser.add_argument("--cache-mebibytes", type=int, default=4096, help="limit of cached objects")
    parser.add_argument("--log-level", default="WARNING")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Run the server; return the process's exit status."""
    parsed = parse_arguments(arguments)
    logging.basicConfig(
        level=parsed.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    options = Options(
        cache_dir=parsed.cache_dir,
        output_location=parsed.output_location,
        memory_limit=parsed.memory_limit,
        threads=parsed.threads,
        workers=parsed.workers,
        cache_bytes=parsed.cache_mebibytes * _MEBIBYTE,
    )
    try:
        serve(parsed.port, options)
    except (OSError, CacheInUseError) as error:
        LOG.critical("cannot start on port %d: %s", parsed.port, error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
