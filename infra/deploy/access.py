"""Who this process is to AWS, and whether AWS can be reached at all.

Belongs here: the session, the identity, and each way of having none, in one line with what to do.
What an identity is then used for belongs to whoever asks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

# A person waits: a service that is away is told of within seconds, not minutes.
_QUICK = Config(
    connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 3, "mode": "standard"}
)
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_WRONG = {
    "AuthFailure",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_SIGN_IN = "aws sso login, or aws configure"
_FAULTS = (
    ((NoCredentialsError,), "no credentials were found", _SIGN_IN),
    ((PartialCredentialsError,), "the credentials are incomplete", "aws configure"),
    (
        (TokenRetrievalError, UnauthorizedSSOTokenError, SSOTokenLoadError),
        "the sign-in has expired",
        "aws sso login",
    ),
    ((CredentialRetrievalError,), "the credentials cannot be had", _SIGN_IN),
)

Clients = Callable[[str], Any]


class AccessError(RuntimeError):
    """AWS cannot be used.

    Attributes:
        remedy: What to do, a command where there is one.
    """

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True)
class Identity:
    """Who AWS takes this process for.

    Attributes:
        account: The account's id.
        arn: The user or role.
        region: The region that is talked to.
        endpoint: The address that answered.
        ahead_s: How far this machine's clock is ahead of AWS's, in seconds; None if not told.
    """

    account: str
    arn: str
    region: str
    endpoint: str
    ahead_s: float | None


def open_session(profile: str | None = None, region: str | None = None) -> boto3.Session:
    """A session, before anything was asked.

    Raises:
        AccessError: If there is no such profile, or no region is told.
    """
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except ProfileNotFound as error:
        raise AccessError(str(error), "aws configure list-profiles") from None
    if session.region_name is None:
        raise AccessError("no region is told", "give --region, or set AWS_DEFAULT_REGION")
    return session


def clients_of(session: boto3.Session) -> Clients:
    """Clients by service, each made once."""

    @cache
    def client(service: str) -> Any:
        return session.client(service, config=_QUICK)  # type: ignore[call-overload]

    return client


def identify(session: boto3.Session) -> Identity:
    """Asks AWS who this is.

    Raises:
        AccessError: If nothing answers, or the credentials are missing, expired or wrong.
    """
    endpoint = f"AWS in {session.region_name}"
    try:
        sts = session.client("sts", config=_QUICK)
        endpoint = sts.meta.endpoint_url
        answer = sts.get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise _access_error(error, endpoint) from error
    return Identity(
        answer["Account"],
        answer["Arn"],
        str(session.region_name),
        endpoint,
        _ahead_s(answer["ResponseMetadata"]["HTTPHeaders"].get("date")),
    )


def _ahead_s(told: str | None) -> float | None:
    if told is None:
        return None
    return (datetime.now(UTC) - parsedate_to_datetime(told)).total_seconds()


def _access_error(error: BotoCoreError | ClientError, endpoint: str) -> AccessError:
    if isinstance(error, ClientError):
        return _refusal(error)
    if isinstance(error, (EndpointConnectionError, ConnectTimeoutError, ReadTimeoutError)):
        remedy = "check --region, the network, and AWS_ENDPOINT_URL where it is set"
        return AccessError(f"nothing answers at {endpoint}", remedy)
    for kinds, message, remedy in _FAULTS:
        if isinstance(error, kinds):
            return AccessError(f"{message} ({error})", remedy)
    return AccessError(f"AWS cannot be asked ({error})", "check --region and --profile")


def _refusal(error: ClientError) -> AccessError:
    code = error.response["Error"]["Code"]
    if code in _EXPIRED:
        return AccessError("the credentials have expired", _SIGN_IN)
    if code in _WRONG:
        return AccessError(f"AWS does not know these credentials ({code})", _SIGN_IN)
    return AccessError(f"AWS does not say who this is ({error})", _SIGN_IN)
