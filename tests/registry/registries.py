"""Registries to test with, in directories and in S3, and ways to damage what they hold."""

import hashlib
import math
import shutil
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config
from moto.s3.models import s3_backends

from serving.registry import fetch_current, pull
from serving.registry.errors import NotFound
from serving.registry.pointer import Pointer, read_pointer
from serving.registry.store import open_store
from serving.scoring import load_scorer

SECRET = "the-secret-that-nobody-may-see"  # noqa: S105 - a fake one


class Registry(Protocol):
    """A registry, its client, and a hand that reaches past the code under test."""

    uri: str
    client: Any

    def names(self) -> set[str]: ...

    def get(self, name: str) -> bytes: ...

    def put(self, name: str, data: bytes) -> None: ...

    def remove(self, name: str) -> None: ...


@dataclass
class InDirectory:
    folder: Path
    client: Any = None

    @property
    def uri(self) -> str:
        return f"file://{self.folder}"

    def names(self) -> set[str]:
        """Hidden files are not objects: a writer that was killed leaves some."""
        files = [path.relative_to(self.folder) for path in self.folder.rglob("*") if path.is_file()]
        return {path.as_posix() for path in files if not path.name.startswith(".")}

    def get(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def put(self, name: str, data: bytes) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(data)

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()


@dataclass
class InS3:
    client: Any
    bucket: str
    prefix: str = "team/models"

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def names(self) -> set[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{self.prefix}/"
        )
        entries = [entry for page in pages for entry in page.get("Contents", [])]
        return {entry["Key"].removeprefix(f"{self.prefix}/") for entry in entries}

    def get(self, name: str) -> bytes:
        answer = self.client.get_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}")
        data: bytes = answer["Body"].read()
        return data

    def put(self, name: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}", Body=data)

    def remove(self, name: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}")


def make_s3_client(endpoint: str, attempts: int = 1) -> Any:
    """A client that shows each failure at once, unless it is told to try again."""
    config = Config(retries={"mode": "standard", "total_max_attempts": attempts}, read_timeout=5)
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="AKIAFAKE",
        aws_secret_access_key=SECRET,
        config=config,
    )


@dataclass
class Said:
    """A gate's report, and a gate that gives it and remembers what it was shown."""

    passed: bool = True
    told: dict[str, Any] = field(default_factory=dict)
    shown: list[tuple[str, str | None]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return self.told

    def __call__(self, candidate: Path, champion: Path | None) -> "Said":
        self.shown.append((version_of(candidate), version_of(champion) if champion else None))
        return self


def version_of(artifact: Path) -> str:
    return load_scorer(artifact).artifact.version


def a_moment_after_all(registry: Registry) -> datetime:
    """A time after everything that is there and before everything that will be, by its clock.

    Some stores tell whole seconds only.
    """
    listed = open_store(registry.uri, registry.client).listed()
    newest = max(entry.modified.timestamp() for entry in listed)
    moment = math.floor(newest) + 1
    time.sleep(max(0.0, moment - time.time()))
    return datetime.fromtimestamp(moment, UTC)


def make_older(registry: InS3, days: float, beginning: str = "") -> None:
    """Let moto believe that objects came so long before they did."""
    bucket = s3_backends["123456789012"]["aws"].buckets[registry.bucket]
    for name, key in bucket.keys.items():
        if name.startswith(f"{registry.prefix}/{beginning}"):
            key.last_modified -= timedelta(days=days)


def flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def pointer_of(registry: Registry) -> Pointer | None:
    try:
        return read_pointer(open_store(registry.uri, registry.client))
    except NotFound:
        return None


def check_invariant(registry: Registry, scratch: Path) -> None:
    """What holds at every instant: the pointer and every manifest stand for a whole version."""
    shutil.rmtree(scratch, ignore_errors=True)
    if pointer_of(registry):
        load_scorer(fetch_current(registry.uri, scratch / "cache", client=registry.client))
    for name in registry.names():
        if name.endswith("manifest.json"):
            version = name.split("/")[1]
            pull(registry.uri, scratch / version, version=version, client=registry.client)
            assert load_scorer(scratch / version).artifact.version == version
            (scratch / "model.tar.gz").write_bytes(registry.get(f"versions/{version}/model.tar.gz"))
            assert load_scorer(scratch / "model.tar.gz").artifact.version == version


def files_in(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*") if not path.name.startswith("."))
