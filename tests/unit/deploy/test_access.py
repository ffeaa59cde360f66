"""Each way of not getting into AWS is one clear line and something to do."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    UnauthorizedSSOTokenError,
)

from infra.deploy.access import AccessError, identify, open_session
from infra.deploy.stack_outputs import COLLECTOR, DAGSTER, output_named


class FakeSts:
    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.meta = type("Meta", (), {"endpoint_url": "https://sts.example"})()

    def get_caller_identity(self) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class FakeSession:
    region_name = "eu-central-1"

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def client(self, service: str, config: Any) -> FakeSts:
        assert service == "sts"
        return FakeSts(self.answer)


def identified(answer: Any):
    return identify(cast("boto3.Session", FakeSession(answer)))


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetCallerIdentity")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (NoCredentialsError(), "no credentials were found"),
        (UnauthorizedSSOTokenError(), "the sign-in has expired"),
        (EndpointConnectionError(endpoint_url="x"), "nothing answers at https://sts.example"),
        (refusal("ExpiredToken"), "the credentials have expired"),
        (refusal("InvalidClientTokenId"), "AWS does not know these credentials"),
        (refusal("ThrottlingException"), "AWS does not say who this is"),
        (BotoCoreError(), "AWS cannot be asked"),
    ],
)
def test_a_refusal_is_one_line_and_a_remedy(error, message):
    with pytest.raises(AccessError, match=message) as found:
        identified(error)
    assert found.value.remedy
    assert "\n" not in str(found.value)


def test_the_clock_is_compared_with_the_answer():
    """A machine five minutes off gets every request refused, with a message about signatures."""
    told = format_datetime(datetime.now(UTC) - timedelta(minutes=6), usegmt=True)
    answer = {
        "Account": "1",
        "Arn": "arn:aws:iam::1:user/u",
        "ResponseMetadata": {"HTTPHeaders": {"date": told}},
    }
    ahead = identified(answer).ahead_s
    assert ahead is not None
    assert 355 < ahead < 365
    answer["ResponseMetadata"] = {"HTTPHeaders": {}}
    assert identified(answer).ahead_s is None


def test_a_profile_or_region_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(AccessError, match="profile \\(nope\\)"):
        open_session("nope", "eu-central-1")
    with pytest.raises(AccessError, match="no region is told"):
        open_session()


def test_outputs_are_found_whatever_the_cdk_calls_them():
    told = {"CollectorCollectorUrl5F2A": "https://c", "Other": "x"}
    assert output_named(COLLECTOR, told) == "https://c"
    assert output_named(DAGSTER, told) is None
