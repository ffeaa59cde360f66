"""Dagster's own web server, once for all tests here, and a stand-in for its daemon."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from clickstream_platform.core.hours import contiguous_chunks
from tests.functional.backfill import code_location
from tests.functional.dagster_web import deployment as web


@dataclass
class Deployment(web.Deployment):
    """A web server whose code location can be told to fail."""

    def breaks(self, *hours: str) -> None:
        """From now on these hours cannot be rebuilt, and all others can."""
        (self.home / code_location.BROKEN).write_text("\n".join(hours))

    def run_what_is_requested(self) -> None:
        """What the daemon does, without waiting: each open backfill becomes runs, to their end."""
        job = code_location.defs.get_repository_def().get_job("hourly_rollup")
        for backfill in reversed(self.instance.get_backfills()):
            if backfill.status.value != "REQUESTED":
                continue
            hours = backfill.partition_names or []
            longest = code_location.HOURS_PER_RUN
            for chunk in contiguous_chunks(hours, max_hours=longest, max_gap_hours=0):
                tags = {
                    **backfill.tags,
                    "dagster/backfill": backfill.backfill_id,
                    "dagster/asset_partition_range_start": chunk.first,
                    "dagster/asset_partition_range_end": chunk.last,
                }
                job.execute_in_process(instance=self.instance, tags=tags, raise_on_error=False)
            done = type(backfill.status)("COMPLETED_SUCCESS")
            self.instance.update_backfill(backfill.with_status(done))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    home = tmp_path_factory.mktemp("dagster")
    with web.deployed(code_location.__file__, home) as found:
        yield Deployment(found.url, found.instance, found.home)


@pytest.fixture
def deployment(server: Deployment) -> Deployment:
    """The deployment, in which every hour can be rebuilt."""
    server.breaks()
    return server


@pytest.fixture
def daemon(deployment: Deployment) -> Iterator[None]:
    """Runs what is requested while a test waits for it."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.1):
            deployment.run_what_is_requested()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()
