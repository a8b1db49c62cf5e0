"""Writing objects so that nothing is lost: made where there is none, replaced by who has read it.

A write whose answer got lost was done all the same, and boto3, trying again, is then told that
somebody was faster. So whoever is told that compares bytes before believing it.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, TypeAlias

from serving.registry.errors import AlreadyThere, Changed, Conflict
from serving.registry.pointer import MAX_POINTER_BYTES
from serving.registry.retry import retry
from serving.registry.store import DirectoryStore
from training.registry.files import create_file, remove_file, replace_file

if TYPE_CHECKING:
    from serving.registry.s3 import S3Store

AnyStore: TypeAlias = "DirectoryStore | S3Store"


def create(store: AnyStore, name: str, data: bytes) -> None:
    """Write an object where there is none.

    Raises
    ------
    AlreadyThere
        If there is one; it may be this one, written by an attempt whose answer got lost.
    RegistryError
        If it cannot be written.
    """
    if isinstance(store, DirectoryStore):
        create_file(store, name, data)
    else:
        retry(lambda: _put(store, name, data, "IfNoneMatch", "*"), Conflict)


def replace(store: AnyStore, name: str, data: bytes, etag: str) -> None:
    """Write an object in the place of the one that has `etag`.

    Raises
    ------
    Changed
        If another is there by now, and not this one.
    RegistryError
        If it cannot be written.
    """
    if isinstance(store, DirectoryStore):
        replace_file(store, name, data, etag)
        return
    try:
        retry(lambda: _put(store, name, data, "IfMatch", etag), Conflict)
    except AlreadyThere:
        if store.read(name, MAX_POINTER_BYTES).data != data:
            raise Changed(f"{store.uri}/{name} was changed by somebody else") from None


def remove(store: AnyStore, name: str) -> None:
    """Remove an object, if it is there.

    Raises
    ------
    RegistryError
        If it cannot be removed.
    """
    if isinstance(store, DirectoryStore):
        remove_file(store, name)
        return
    with store.explained(name):
        store.client.delete_object(Bucket=store.location.bucket, Key=store.location.key(name))


def _put(store: S3Store, name: str, data: bytes, condition: str, value: str) -> None:
    with store.explained(name):
        store.client.put_object(
            Bucket=store.location.bucket,
            Key=store.location.key(name),
            Body=data,
            # S3 refuses what was altered on the way.
            ChecksumSHA256=base64.b64encode(hashlib.sha256(data).digest()).decode(),
            **{condition: value},  # type: ignore[arg-type] # no keywords of `dict` in the stubs
        )
