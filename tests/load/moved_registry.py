"""A registry whose pointer is moved by hand, to good versions and to bad ones."""

import contextlib
import hashlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3

from serving.registry.pointer import POINTER, Pointer
from serving.scoring.manifest import MANIFEST
from tests.processes import BIN, free_port

#: What a container needs to speak to a moto, and to nothing else.
FAKE_AWS = {
    "AWS_ACCESS_KEY_ID": "AKIAFAKE",
    "AWS_SECRET_ACCESS_KEY": "nobody-may-see-this",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nowhere",
    "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
}


class MovedRegistry:
    """A registry at `uri`; what is put appears whole, as it does in S3."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.seq = 0

    def put(self, name: str, data: bytes) -> None:
        raise NotImplementedError

    def publish(self, files: Mapping[str, bytes]) -> str:
        """Put files as they are, right or wrong, under the version that their manifest is."""
        version = hashlib.sha256(files[MANIFEST]).hexdigest()[:32]
        for name, data in files.items():
            self.put(f"versions/{version}/{name}", data)
        return version

    def point_to(self, version: str, manifest: bytes, *, seq: int | None = None) -> None:
        self.seq = self.seq + 1 if seq is None else seq
        pointer = Pointer(
            seq=self.seq,
            version=version,
            manifest_sha256=hashlib.sha256(manifest).hexdigest(),
            previous=None,
            published_at="2026-11-22T12:00:00+00:00",
            note="",
        )
        self.put(POINTER, pointer.to_json())


class InFolder(MovedRegistry):
    def __init__(self, folder: Path) -> None:
        super().__init__(f"file://{folder}")
        self.folder = folder
        folder.mkdir()

    def put(self, name: str, data: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}")
        partial.write_bytes(data)
        partial.replace(path)


class InMoto(MovedRegistry):
    def __init__(self, endpoint: str) -> None:
        super().__init__("s3://models/team")
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="AKIAFAKE",
            aws_secret_access_key="fake",  # noqa: S106 - a fake one
        )
        self.client.create_bucket(Bucket="models")

    def put(self, name: str, data: bytes) -> None:
        self.client.put_object(Bucket="models", Key=f"team/{name}", Body=data)


@contextlib.contextmanager
def moto_at(port: int) -> Iterator[str]:
    """Run an S3 of our own in a process of its own, empty; it is gone at the end."""
    command = [BIN / "moto_server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ}
    )
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def moved_registry(kind: str, folder: Path) -> Iterator[tuple[MovedRegistry, dict[str, str]]]:
    """Give an empty registry, "directory" or "s3", and what a container's environment needs."""
    if kind == "directory":
        yield InFolder(folder), {}
        return
    with moto_at(free_port()) as endpoint:
        yield InMoto(endpoint), {**FAKE_AWS, "AWS_ENDPOINT_URL": endpoint}
