"""Objects into S3 without most of boto3's work.

Belongs here: the one call of S3 that every batch makes. How a call is sent belongs in
`lambdas.shared.direct`, which keys and bytes are put in `store`.
"""

import base64
import zlib
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, urlsplit

from botocore.auth import S3SigV4Auth

from lambdas.shared.direct import Direct, needs_boto3
from lambdas.shared.runtime import CLIENT

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_s3 import S3Client


def direct_s3(session: "boto3.Session") -> "S3Client":
    """A client of S3 that puts objects itself, and makes no other call so."""
    client: S3Client = session.client("s3", config=CLIENT)
    credentials = session.get_credentials()
    if credentials is None or needs_boto3(client.meta.endpoint_url):
        return client  # without credentials every call will say so
    return cast("S3Client", _DirectS3(client, credentials))


class _DirectS3(Direct):
    """S3's way to put an object."""

    auth, service = S3SigV4Auth, "s3"

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> object:  # noqa: N803
        """As boto3's, with its checksum; a good answer has nothing in it."""
        url, folder = _place_of(self._client.meta.endpoint_url, Bucket)
        checksum = base64.b64encode(zlib.crc32(Body).to_bytes(4)).decode()
        headers = {"x-amz-sdk-checksum-algorithm": "CRC32", "x-amz-checksum-crc32": checksum}
        path = f"{folder}/{quote(Key, safe='/~')}"
        if self.send("PutObject", "PUT", url, path, headers, Body) is None:
            return self._client.put_object(Bucket=Bucket, Key=Key, Body=Body)
        return {}


def _place_of(endpoint: str, bucket: str) -> tuple[str, str]:
    """Where boto3 finds a bucket: a host, and a folder there.

    On AWS each bucket has a host of its own, unless there is a dot in its name, which a certificate
    would not cover. An emulator has one host for all.
    """
    parts = urlsplit(endpoint)
    if parts.scheme == "http" or "." in bucket:
        return endpoint, f"/{bucket}"
    return f"https://{bucket}.{parts.netloc}", ""
