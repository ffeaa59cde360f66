# ruff: noqa: S608 (names of this test's own making)
"""Work groups, saved queries, reuse, limits and errors of the API, through boto3."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.integration.test_athena_clients import Lake

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("embedded_aws")]


@pytest.fixture(scope="module")
def lake(embedded_aws: object) -> Iterator[Lake]:
    with Lake.temporary() as lake:
        yield lake


@pytest.fixture
def athena(embedded_aws: object) -> Any:
    return boto3.client("athena")


@pytest.fixture
def group(athena: Any, lake: Lake) -> Iterator[str]:
    name = f"g{uuid.uuid4().hex[:8]}"
    athena.create_work_group(
        Name=name,
        Description="of a test",
        Configuration={
            "ResultConfiguration": {"OutputLocation": f"s3://{lake.bucket}/{name}/"},
            "EnforceWorkGroupConfiguration": True,
            "BytesScannedCutoffPerQuery": 10_000_000,
        },
        Tags=[{"Key": "team", "Value": "web"}],
    )
    yield name
    athena.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)


def finished(athena: Any, identity: str) -> dict[str, Any]:
    while True:
        query = athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"]
        if query["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
            return query
        time.sleep(0.005)


def run(athena: Any, sql: str, **options: Any) -> dict[str, Any]:
    started = athena.start_query_execution(QueryString=sql, **options)
    return finished(athena, started["QueryExecutionId"])


class TestWorkGroups:
    def test_an_enforced_location_wins(self, athena: Any, lake: Lake, group: str) -> None:
        elsewhere = {"OutputLocation": f"s3://{lake.bucket}/elsewhere/"}
        query = run(athena, "select 1", WorkGroup=group, ResultConfiguration=elsewhere)
        location = query["ResultConfiguration"]["OutputLocation"]
        assert location.startswith(f"s3://{lake.bucket}/{group}/")
        athena.update_work_group(
            WorkGroup=group, ConfigurationUpdates={"EnforceWorkGroupConfiguration": False}
        )
        query = run(athena, "select 1", WorkGroup=group, ResultConfiguration=elsewhere)
        assert "/elsewhere/" in query["ResultConfiguration"]["OutputLocation"]

    def test_a_query_that_would_scan_too_much_is_cancelled(
        self, athena: Any, lake: Lake, group: str
    ) -> None:
        name = f"big{uuid.uuid4().hex[:8]}"
        lake.execute(
            f"create external table {name} (line string) location 's3://{lake.bucket}/{name}/'"
        )
        lake.put(f"{name}/1.txt", (b"x" * 99 + b"\n") * 110_000)
        context = {"Database": lake.database}
        query = run(
            athena, f"select count(*) from {name}", WorkGroup=group, QueryExecutionContext=context
        )
        assert query["Status"]["State"] == "CANCELLED"
        assert query["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
        athena.update_work_group(
            WorkGroup=group, ConfigurationUpdates={"RemoveBytesScannedCutoffPerQuery": True}
        )
        query = run(
            athena, f"select count(*) from {name}", WorkGroup=group, QueryExecutionContext=context
        )
        assert query["Status"]["State"] == "SUCCEEDED"
        assert query["Statistics"]["DataScannedInBytes"] == 11_000_000

    def test_configuration_tags_and_states(self, athena: Any, group: str) -> None:
        found = athena.get_work_group(WorkGroup=group)["WorkGroup"]
        assert found["Configuration"]["BytesScannedCutoffPerQuery"] == 10_000_000
        assert group in [item["Name"] for item in athena.list_work_groups()["WorkGroups"]]
        arn = f"arn:aws:athena:us-east-1:000000000000:workgroup/{group}"
        athena.tag_resource(ResourceARN=arn, Tags=[{"Key": "stage", "Value": "dev"}])
        athena.untag_resource(ResourceARN=arn, TagKeys=["team"])
        tags = athena.list_tags_for_resource(ResourceARN=arn)["Tags"]
        assert tags == [{"Key": "stage", "Value": "dev"}]
        athena.update_work_group(WorkGroup=group, State="DISABLED")
        with pytest.raises(ClientError, match="is disabled"):
            athena.start_query_execution(QueryString="select 1", WorkGroup=group)

    def test_what_is_refused(self, athena: Any, group: str) -> None:
        with pytest.raises(ClientError, match="is not found"):
            athena.start_query_execution(QueryString="select 1", WorkGroup="nobody")
        with pytest.raises(ClientError, match="already created"):
            athena.create_work_group(Name=group)
        athena.create_named_query(Name="n", Database="d", QueryString="select 1", WorkGroup=group)
        with pytest.raises(ClientError, match="is not empty"):
            athena.delete_work_group(WorkGroup=group)


class TestSavedQueries:
    def test_named_queries(self, athena: Any, group: str) -> None:
        made = athena.create_named_query(
            Name="n", Database="d", QueryString="select 1", WorkGroup=group, Description="one"
        )["NamedQueryId"]
        assert athena.list_named_queries(WorkGroup=group)["NamedQueryIds"] == [made]
        athena.update_named_query(NamedQueryId=made, Name="m", QueryString="select 2")
        found = athena.batch_get_named_query(NamedQueryIds=[made, "none"])
        assert found["NamedQueries"][0]["QueryString"] == "select 2"
        assert found["UnprocessedNamedQueryIds"][0]["NamedQueryId"] == "none"
        athena.delete_named_query(NamedQueryId=made)
        with pytest.raises(ClientError, match="was not found"):
            athena.get_named_query(NamedQueryId=made)

    def test_prepared_statements_take_typed_parameters(
        self, athena: Any, lake: Lake, group: str
    ) -> None:
        athena.create_prepared_statement(
            StatementName="p",
            WorkGroup=group,
            QueryStatement="select typeof(? + 1), ? || 'x', date_add('day', 1, ?), ? is null",
        )
        query = run(
            athena,
            "execute p using 1.5, 'a,''b', date '2024-01-31', null",
            WorkGroup=group,
        )
        assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
        rows = athena.get_query_results(QueryExecutionId=query["QueryExecutionId"])
        values = [item.get("VarCharValue") for item in rows["ResultSet"]["Rows"][1]["Data"]]
        assert values == ["decimal(12,1)", "a,'bx", "2024-02-01", "true"]
        found = athena.batch_get_prepared_statement(
            PreparedStatementNames=["p", "q"], WorkGroup=group
        )
        assert [item["StatementName"] for item in found["PreparedStatements"]] == ["p"]
        assert found["UnprocessedPreparedStatementNames"][0]["StatementName"] == "q"
        with pytest.raises(ClientError, match="expected 4 but found 1"):
            athena.start_query_execution(QueryString="execute p using 1", WorkGroup=group)


class TestExecutions:
    def test_a_result_is_given_again_only_when_asked(self, athena: Any, lake: Lake) -> None:
        location = {"OutputLocation": lake.results}
        reuse = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 5}}
        first = run(athena, "select uuid() u", ResultConfiguration=location)
        plain = run(athena, "select uuid() u", ResultConfiguration=location)
        again = run(
            athena,
            "select uuid() u",
            ResultConfiguration=location,
            ResultReuseConfiguration=reuse,
        )

        def row(query: dict[str, Any]) -> str:
            answer = athena.get_query_results(QueryExecutionId=query["QueryExecutionId"])
            return answer["ResultSet"]["Rows"][1]["Data"][0]["VarCharValue"]

        assert row(first) != row(plain)
        assert row(again) == row(plain)
        reused = again["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"]
        assert reused
        assert again["ResultConfiguration"] == plain["ResultConfiguration"]

    def test_lists_batches_and_statistics(self, athena: Any, lake: Lake, group: str) -> None:
        ids = [run(athena, f"select {n}", WorkGroup=group)["QueryExecutionId"] for n in range(3)]
        first = athena.list_query_executions(WorkGroup=group, MaxResults=2)
        rest = athena.list_query_executions(WorkGroup=group, NextToken=first["NextToken"])
        assert first["QueryExecutionIds"] + rest["QueryExecutionIds"] == ids[::-1]
        found = athena.batch_get_query_execution(QueryExecutionIds=[*ids, "none"])
        assert [item["QueryExecutionId"] for item in found["QueryExecutions"]] == ids
        assert found["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"] == "none"
        statistics = athena.get_query_runtime_statistics(QueryExecutionId=ids[0])
        rows = statistics["QueryRuntimeStatistics"]["Rows"]
        assert (rows["OutputRows"], rows["InputBytes"]) == (1, 0)
        assert rows["OutputBytes"] == len(b'"_col0"\n"0"\n')

    def test_a_token_gives_the_same_execution(self, athena: Any, lake: Lake) -> None:
        token = uuid.uuid4().hex + uuid.uuid4().hex
        options = {
            "ClientRequestToken": token,
            "ResultConfiguration": {"OutputLocation": lake.results},
        }
        first = athena.start_query_execution(QueryString="select 1", **options)
        again = athena.start_query_execution(QueryString="select 1", **options)
        assert first["QueryExecutionId"] == again["QueryExecutionId"]
        with pytest.raises(ClientError, match="Idempotent parameters do not match"):
            athena.start_query_execution(QueryString="select 2", **options)

    def test_files_of_the_machine_cannot_be_read(self, lake: Lake) -> None:
        for sql in ("select * from read_csv('/etc/hostname')", "select * from '/etc/hostname'"):
            assert lake.execute(sql)["Status"]["State"] == "FAILED"
