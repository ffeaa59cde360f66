"""SPICE, the in-memory warehouse QuickSight's dashboards read.

Belongs here: starting one ingestion and following it to its end. Which data set serves which mart
belongs in the settings, when to refresh belongs in `defs/serving`.
"""

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
import dagster as dg

if TYPE_CHECKING:
    from mypy_boto3_quicksight import QuickSightClient

_RUNNING = frozenset({"INITIALIZED", "QUEUED", "RUNNING"})


class SpiceRefreshError(RuntimeError):
    """An ingestion that did not complete; carries what QuickSight said of it."""


@dataclass(frozen=True)
class SpiceRefresh:
    """A completed ingestion.

    Attributes:
        ingestion_id: Its id.
        rows: Rows now in SPICE.
        rows_dropped: Rows QuickSight could not take.
        duration_s: How long it took, waiting included.
    """

    ingestion_id: str
    rows: int
    rows_dropped: int
    duration_s: float


class WarehouseResource(dg.ConfigurableResource[None]):
    """The SPICE data sets of one account.

    Attributes:
        account_id: The AWS account.
        timeout_s: How long an ingestion may take.
        poll_s: How often it is asked after, at most.
    """

    account_id: str
    timeout_s: float = 1800
    poll_s: float = 5

    def refresh(self, data_set: str, ingestion_id: str) -> SpiceRefresh:
        """Loads a data set anew and waits until that is done.

        Args:
            data_set: The data set's id.
            ingestion_id: A new id; QuickSight takes each only once.

        Returns:
            What was loaded.

        Raises:
            SpiceRefreshError: If the ingestion fails, is cancelled or does not end in time.
        """
        self._client.create_ingestion(
            AwsAccountId=self.account_id, DataSetId=data_set, IngestionId=ingestion_id
        )
        return self._follow(data_set, ingestion_id)

    def _follow(self, data_set: str, ingestion_id: str) -> SpiceRefresh:
        started = time.monotonic()
        pause = min(0.1, self.poll_s)
        while True:
            ingestion = self._client.describe_ingestion(
                AwsAccountId=self.account_id, DataSetId=data_set, IngestionId=ingestion_id
            )["Ingestion"]
            status = ingestion["IngestionStatus"]
            elapsed = time.monotonic() - started
            if status == "COMPLETED":
                counts = ingestion.get("RowInfo", {})
                return SpiceRefresh(
                    ingestion_id,
                    counts.get("RowsIngested", 0),
                    counts.get("RowsDropped", 0),
                    round(elapsed, 3),
                )
            if status not in _RUNNING:
                error = ingestion.get("ErrorInfo", {})
                raise SpiceRefreshError(f"{data_set}: ingestion {ingestion_id} {status}: {error}")
            if elapsed > self.timeout_s:
                raise SpiceRefreshError(
                    f"{data_set}: ingestion {ingestion_id} still {status} after {elapsed:.0f} s"
                )
            time.sleep(pause)
            pause = min(pause * 2, self.poll_s)

    @cached_property
    def _client(self) -> "QuickSightClient":
        return boto3.client("quicksight")
