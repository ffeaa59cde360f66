"""Each role allows the calls that are made, and no others.

What was called is written down while the flow and the rarer jobs run; what a call needs is what AWS
judges it by. A policy that lacks something fails on AWS only, and one that has too much is not seen
to fail at all.
"""

import pytest

from infra.aws.policies.principals import DAGSTER, principals_of, statements_of
from infra.aws.policies.statements import Statement
from infra.summary import StoreFigures
from infra.topology import build_topology
from tests.integration.flow import run_as_dagster
from tests.trail.authorisation import ACCOUNT, REGION, Call, Judge, Need
from tests.trail.policies import allows, unused_parts
from tests.trail.rig import ATHENA, RecordedPlatform

pytestmark = pytest.mark.integration

HOUR = "2015-05-17-10"  # one of the log's
TOPOLOGY = build_topology(ACCOUNT)
PRINCIPALS = principals_of(TOPOLOGY)
Needs = dict[str, set[Need]]

# What the embedded AWS never needs, by statement, and why it stays.
_LOGS = "Lambda writes what a function prints; here that is a file"
_MAPPING = "Lambda describes the stream when the mapping is made and as shards come and go"
_ATHENA = "Athena reads the catalog this way as well, by its user guide"
_RESULTS = "Athena finds the bucket and keeps large results in parts, by its user guide"
ONLY_ON_AWS = {
    ("WriteLogs", "logs:CreateLogStream"): _LOGS,
    ("WriteLogs", "logs:PutLogEvents"): _LOGS,
    ("ReadStream", "kinesis:DescribeStream"): _MAPPING,
    ("ReadStream", "kinesis:DescribeStreamSummary"): _MAPPING,
    ("ReadCatalog", "glue:GetDatabase"): _ATHENA,
    ("ReadCatalog", "glue:GetPartition"): _ATHENA,
    ("AthenaLooksAtDefault", "glue:GetDatabase"): _ATHENA,
    ("ListLake", "s3:GetBucketLocation"): _RESULTS,
    ("FindResultsBucket", "s3:GetBucketLocation"): _RESULTS,
    ("FindResultsBucket", "s3:ListBucket"): _RESULTS,
    ("KeepResults", "s3:AbortMultipartUpload"): _RESULTS,
    ("KeepResults", "s3:GetObject"): "Athena reads a result in the name of whoever asks for it",
    ("KeepResults", "s3:ListMultipartUploadParts"): _RESULTS,
}
# What happens now and then only.
SOMETIMES = {
    ("SetFailedBatchesAside", "sqs:SendMessage"): "when a batch is given up; tests/soak does that",
    ("KeepAlerts", "dynamodb:BatchGetItem"): "when a batch is delivered again",
    ("WriteTables", "s3:AbortMultipartUpload"): "when a large file cannot be written to its end",
    ("WriteCatalog", "glue:DeleteTableVersion"): "when dbt has built a table for the tenth time",
}


@pytest.fixture(scope="module")
def needs(platform: RecordedPlatform, figures: StoreFigures) -> Needs:
    """What each principal has needed."""
    with platform.watched():
        run_as_dagster(platform, "tests.trail.jobs", HOUR)
    found: Needs = {principal: set() for principal in PRINCIPALS}
    judge = Judge(TOPOLOGY)
    for line, is_watched in platform.lines():
        call = Call.of(line)
        if call.key == ATHENA and (is_of_quicksight(call) or not is_watched):
            continue
        principal = DAGSTER if call.key == ATHENA else call.key
        if principal in found:
            found[principal].update(judge.needs(call))
    return found


def is_of_quicksight(call: Call) -> bool:
    """Whether Athena writes a result for QuickSight, which asks it while it loads SPICE.

    It does so by a role of its own, and names no folder for its results as the batch side does.
    """
    bucket, _, key = call.path.lstrip("/").partition("/")
    return call.key == ATHENA and bucket == TOPOLOGY.results_bucket and "/" not in key


def filled(principal: str) -> list[Statement]:
    statements = statements_of(principal, TOPOLOGY)
    return [statement.filled(region=REGION, account=ACCOUNT) for statement in statements]


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_every_call_is_allowed(principal: str, needs: Needs) -> None:
    statements = filled(principal)
    refused = sorted(need for need in needs[principal] if not allows(statements, need))
    assert needs[principal], "nothing was written down"
    assert not refused


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_nothing_is_allowed_that_is_not_called(principal: str, needs: Needs) -> None:
    unused = set(unused_parts(filled(principal), needs[principal]))
    too_much = sorted(unused - ONLY_ON_AWS.keys() - SOMETIMES.keys())
    assert not too_much


def test_every_exception_is_still_one(needs: Needs) -> None:
    """What has become a call, or has gone from the policies, is no exception any more."""
    unused = {part for one in PRINCIPALS for part in unused_parts(filled(one), needs[one])}
    allowed = {
        (statement.sid, action)
        for one in PRINCIPALS
        for statement in filled(one)
        for action in statement.actions
    }
    assert not ONLY_ON_AWS.keys() - unused
    assert not SOMETIMES.keys() - allowed
