"""Objects in S3. The one module of `serving.registry` that knows boto3.

Messages name the object, S3's error code and the address of the server; never a header, a request
or the text of boto3's error, in which credentials may stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - boto3's, for servers that are not there
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)

from serving.registry.errors import AlreadyThere, Conflict, NotFound, RegistryError, TooLarge
from serving.registry.retry import retry
from serving.registry.store import Listed, Stored
from serving.registry.uri import S3Location, is_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: A dead server is given up after less than a minute: five times 10 s, and the pauses.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=3, read_timeout=10
)

#: S3's error code → what it means to whoever runs this. Other codes are shown as they are.
_MEANINGS = {
    "AccessDenied": "S3 denies access; without s3:ListBucket it denies what is missing, too",
    "ExpiredToken": "the AWS credentials have expired",
    "InvalidAccessKeyId": "S3 does not know the AWS access key",
    "SignatureDoesNotMatch": "the AWS secret key does not fit the access key",
}


class _BrokenBody(RegistryError):
    """The answer began and did not end well; boto3 does not try again."""


class _NotModified(RegistryError):
    """The object is still the one with the tag that was named."""


def make_client() -> S3Client:
    """Make a client from the environment: AWS_ENDPOINT_URL, AWS_REGION, credentials and so on.

    Raises
    ------
    RegistryError
        If the environment contradicts itself.
    """
    try:
        return boto3.client("s3", config=_CONFIG)
    except (BotoCoreError, ValueError) as error:
        raise RegistryError(
            f"no S3 client can be made ({type(error).__name__}): look at AWS_ENDPOINT_URL, "
            "AWS_REGION and AWS_PROFILE"
        ) from None


class S3Store:
    """A registry under a prefix of a bucket."""

    def __init__(self, location: S3Location, client: S3Client) -> None:
        self.location = location
        self.uri = location.uri
        self.client = client

    def read(self, name: str, max_bytes: int) -> Stored:
        """Give an object; see `Store`."""
        return retry(lambda: self._read(name, max_bytes), _BrokenBody)

    def read_if_changed(self, name: str, max_bytes: int, etag: str) -> Stored | None:
        """Give an object unless it still has `etag`; see `Store`."""
        try:
            return retry(lambda: self._read(name, max_bytes, etag), _BrokenBody)
        except _NotModified:
            return None

    def listed(self, prefix: str = "") -> Iterator[Listed]:
        """Go through the objects; see `Store`."""
        root = f"{self.location.prefix}/" if self.location.prefix else ""
        place: dict[str, str] = {}
        while True:
            with self.explained(prefix):
                page = self.client.list_objects_v2(
                    Bucket=self.location.bucket,
                    Prefix=root + prefix,
                    **place,  # type: ignore[arg-type] # boto3-stubs knows no keywords of `dict`
                )
            for entry in page.get("Contents", []):
                name = entry["Key"].removeprefix(root)
                if is_key(name):
                    yield Listed(name, entry["Size"], entry["LastModified"].astimezone(UTC))
            if not page["IsTruncated"]:
                return
            place = {"ContinuationToken": page["NextContinuationToken"]}

    def _read(self, name: str, max_bytes: int, etag: str = "") -> Stored:
        unless: dict[str, str] = {"IfNoneMatch": etag} if etag else {}
        with self.explained(name):
            answer = self.client.get_object(
                Bucket=self.location.bucket,
                Key=self.location.key(name),
                **unless,  # type: ignore[arg-type] # boto3-stubs knows no keywords of `dict`
            )
        data = bytearray()
        with closing(answer["Body"]) as body:
            try:
                # Up to the empty chunk: only there botocore compares length and checksum.
                while len(data) <= max_bytes and (chunk := body.read(max_bytes + 1 - len(data))):
                    data += chunk
            except (HTTPClientError, IncompleteReadError, FlexibleChecksumError) as error:
                what = type(error).__name__
                raise _BrokenBody(f"{self.uri}/{name} arrived broken ({what})") from None
        if len(data) > max_bytes:
            raise TooLarge(f"{self.uri}/{name} is larger than {max_bytes} bytes")
        return Stored(bytes(data), answer["ETag"])

    @contextmanager
    def explained(self, name: str) -> Iterator[None]:
        """Turn what boto3 raises while it handles the object `name` into a RegistryError."""
        where = f"{self.uri}/{name}"
        try:
            yield
        except ClientError as error:
            raise self._refusal(where, error) from None
        except (NoCredentialsError, PartialCredentialsError):
            raise RegistryError(
                f"{where}: there are no AWS credentials; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or run where a role is given"
            ) from None
        except (HTTPClientError, ConnectionError) as error:
            server = urlsplit(self.client.meta.endpoint_url)
            raise RegistryError(
                f"{where}: {server.hostname}:{server.port or server.scheme} cannot be reached or "
                f"does not answer ({type(error).__name__})"
            ) from None
        except BotoCoreError as error:
            raise RegistryError(f"{where}: {type(error).__name__}") from None

    def _refusal(self, where: str, error: ClientError) -> RegistryError:
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code == "NoSuchBucket":
            return RegistryError(f"there is no bucket {self.location.bucket}")
        if status == 304:
            return _NotModified(f"{where} is still the same")
        if status == 404:
            return NotFound(f"{where} is missing")
        if status == 412:
            return AlreadyThere(f"{where} is there already")
        if status == 409:
            return Conflict(f"{where}: S3 saw two writers at once ({code})")
        return RegistryError(f"{where}: {_MEANINGS.get(code, f'S3 answered {status} {code}')}")
