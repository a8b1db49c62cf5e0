"""Registries to test with: one in a directory, one in moto, and ways to damage what they hold."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config

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
        found = self.client.list_objects_v2(Bucket=self.bucket, Prefix=f"{self.prefix}/")
        return {entry["Key"].removeprefix(f"{self.prefix}/") for entry in found.get("Contents", [])}

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
