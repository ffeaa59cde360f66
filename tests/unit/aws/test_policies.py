"""What the policies say, and that the test which holds them against calls can fail."""

import json

import pytest

from infra.aws.policies.principals import DAGSTER, FIREHOSE, principals_of, statements_of
from infra.aws.policies.statements import Statement, policy_document
from infra.hosting import Hosting
from infra.topology import build_topology
from tests.trail.authorisation import Call, Judge, Need
from tests.trail.policies import allows, unused_parts

TOPOLOGY = build_topology()
KEY = "arn:aws:kms:{region}:{account}:key/k"
BY_FIREHOSE = build_topology(delivery="firehose")
EVERYBODY = [
    *((principal, TOPOLOGY) for principal in principals_of(TOPOLOGY)),
    *((principal, BY_FIREHOSE) for principal in ("firehose_transform", FIREHOSE)),
]
EVERYTHING = [
    (one, statement)
    for one, topology in EVERYBODY
    for statement in statements_of(one, topology, key_arn=KEY)
]
LAKE = "arn:aws:s3:::lake"


def test_every_function_has_a_policy() -> None:
    """A function without one would get a role that can do nothing."""
    for topology in (TOPOLOGY, BY_FIREHOSE):
        functions = {function.package for function in topology.functions}
        assert functions | {DAGSTER} == set(principals_of(topology)) - {FIREHOSE}
    assert FIREHOSE in principals_of(BY_FIREHOSE)
    assert FIREHOSE not in principals_of(TOPOLOGY)


def test_a_role_of_what_is_not_there_is_an_error() -> None:
    """It would name resources of nobody."""
    with pytest.raises(ValueError, match="0 delivery streams"):
        statements_of(FIREHOSE, TOPOLOGY)


@pytest.mark.parametrize(("principal", "statement"), EVERYTHING)
def test_actions_are_spelled_out_and_resources_are_ours(
    principal: str, statement: Statement
) -> None:
    assert not [action for action in statement.actions if "*" in action]
    assert list(statement.actions) == sorted(set(statement.actions))
    for resource in statement.resources:
        assert resource.startswith("arn:aws:")
        assert "*" not in resource.removesuffix("*"), "a wildcard stands at the end"
        assert not resource.endswith(":*") or ":log-stream:" in resource
        is_ours = TOPOLOGY.stack in resource or resource == KEY
        assert is_ours or resource.endswith((":catalog", ":database/default"))


def test_only_behind_a_front_door_the_collector_reads_its_key() -> None:
    behind = build_topology(hosting=Hosting(web_acl="own"))
    keys = [s for s in statements_of("collector", behind) if "secretsmanager" in s.resources[0]]
    (statement,) = keys
    assert statement.actions == ("secretsmanager:GetSecretValue",)
    assert statement.resources[0].endswith(":secret:clickstream/front-door-??????")
    assert len(statements_of("collector", behind)) == len(statements_of("collector", TOPOLOGY)) + 1


def test_sids_are_single() -> None:
    """IAM refuses a policy in which two statements have one."""
    for principal, topology in EVERYBODY:
        sids = [one.sid for one in statements_of(principal, topology, key_arn=KEY)]
        assert len(set(sids)) == len(sids)
        assert all(sid.isalnum() for sid in sids)


def test_the_key_is_used_by_way_of_services_only() -> None:
    """Otherwise whoever takes over a function could decrypt what it never reads."""
    for principal, topology in EVERYBODY:
        more = [s for s in statements_of(principal, topology, key_arn=KEY) if KEY in s.resources]
        assert more
        assert all("kms:ViaService" in one.conditions["StringEquals"] for one in more)
        assert not [s for s in statements_of(principal, topology) if KEY in s.resources]


def test_placeholders_are_filled() -> None:
    for _, statement in EVERYTHING:
        filled = statement.filled(region="eu-west-1", account="123456789012")
        written = json.dumps(policy_document([filled]))
        assert "{region}" not in written
        assert "{account}" not in written


def test_what_is_missing_and_what_is_unused_is_found() -> None:
    statement = Statement("Read", ("s3:GetObject", "s3:PutObject"), (f"{LAKE}/a/*", f"{LAKE}/b/*"))
    read = Need("s3:GetObject", f"{LAKE}/a/1")
    assert allows([statement], read)
    assert not allows([statement], Need("s3:GetObject", f"{LAKE}/c/1"))
    assert not allows([statement], Need("s3:DeleteObject", f"{LAKE}/a/1"))
    assert set(unused_parts([statement], {read})) == {
        ("Read", "s3:PutObject"),
        ("Read", f"{LAKE}/b/*"),
    }


def test_a_batch_of_statements_needs_the_action_of_each() -> None:
    """As one action it would be allowed by a policy that AWS takes for nothing."""
    texts = ('UPDATE "t" SET a=1', 'INSERT INTO "u" VALUE {}')
    body = json.dumps({"Statements": [{"Statement": text} for text in texts]}).encode()
    headers = {"x-amz-target": "DynamoDB_20120810.BatchExecuteStatement"}
    call = Call("k", "dynamodb", "POST", "/", {}, headers, body)
    tables = "arn:aws:dynamodb:us-east-1:123456789012:table"
    assert set(Judge(TOPOLOGY).needs(call)) == {
        Need("dynamodb:PartiQLUpdate", f"{tables}/t"),
        Need("dynamodb:PartiQLInsert", f"{tables}/u"),
    }


def test_a_call_that_nobody_knows_is_an_error() -> None:
    """It must not pass for one that needs nothing."""
    with pytest.raises(ValueError, match="no action is known"):
        list(Judge(TOPOLOGY).needs(Call("k", "quicksight", "GET", "/accounts/1/x", {}, {}, b"")))
