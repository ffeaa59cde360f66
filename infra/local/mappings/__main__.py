"""One function on its event source mapping: `python -m infra.local.mappings PACKAGE`.

Belongs here: the process around `runner`. Its environment is the function's, as the topology says.
"""

import argparse
import logging
import signal
import sys
from pathlib import Path

import boto3

from infra.local.mappings.invocation import load_handler
from infra.local.mappings.runner import MappingError, Runner
from infra.topology import build_topology


def main() -> None:
    """Runs until SIGTERM, then finishes the batches under way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", help="the function's package below lambdas/")
    parser.add_argument("--folder", type=Path, required=True, help="where checkpoints are kept")
    parser.add_argument("--archive-window", type=float, default=60)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    topology = build_topology(archive_window_s=arguments.archive_window)
    function = topology.function(arguments.package)
    if function.mapping is None:
        parser.error(f"{arguments.package} is not on an event source mapping")
    runner = Runner(
        function,
        function.mapping,
        topology.stream.name,
        load_handler(function.package),
        kinesis=boto3.client("kinesis"),
        sqs=boto3.client("sqs"),
        folder=arguments.folder,
    )
    signal.signal(signal.SIGTERM, lambda *_: runner.stop())
    try:
        runner.run()
    except MappingError as error:
        sys.exit(str(error))  # whoever started this process starts it anew


if __name__ == "__main__":
    main()
