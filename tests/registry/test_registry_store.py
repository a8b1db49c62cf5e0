"""Reading and listing objects, in a directory and in S3 alike."""

from datetime import UTC, datetime, timedelta

import pytest
from registries import InDirectory, Registry

from serving.registry import RegistryError
from serving.registry.errors import NotFound
from serving.registry.store import open_store


def test_an_object_has_the_same_tag_exactly_as_long_as_its_bytes(registry: Registry) -> None:
    store = open_store(registry.uri, registry.client)
    tags = []
    for data in (b"one", b"two", b"two", b"one"):
        registry.put("current.json", data)
        tags.append(store.read("current.json", 3).etag)

    assert tags[0] == tags[3] != tags[1] == tags[2]


def test_an_object_is_read_up_to_the_stated_size(registry: Registry) -> None:
    registry.put("full", b"x" * 1000)
    registry.put("empty", b"")
    store = open_store(registry.uri, registry.client)

    assert store.read("full", 1000).data == b"x" * 1000
    assert store.read("empty", 0).data == b""
    with pytest.raises(RegistryError, match="is larger than 999 bytes"):
        store.read("full", 999)
    with pytest.raises(NotFound, match="missing"):
        store.read("absent", 1)
    with pytest.raises(RegistryError, match="names in a registry"):
        store.read("../full", 1000)


def test_an_object_is_sent_again_only_when_it_changed(registry: Registry) -> None:
    registry.put("current.json", b"one")
    store = open_store(registry.uri, registry.client)
    first = store.read_if_changed("current.json", 3, "")
    assert first is not None

    same = store.read_if_changed("current.json", 3, first.etag)
    registry.put("current.json", b"two")
    second = store.read_if_changed("current.json", 3, first.etag)

    assert same is None
    assert second is not None
    assert second.data == b"two"
    with pytest.raises(RegistryError, match="is larger than 2 bytes"):
        store.read_if_changed("current.json", 2, first.etag)
    with pytest.raises(NotFound, match="missing"):
        store.read_if_changed("absent", 1, first.etag)


def test_objects_are_listed_by_how_their_names_begin(registry: Registry) -> None:
    for name in ("current.json", "versions/ab/a", "versions/ab/plots/b", "versions/abc/a"):
        registry.put(name, name.encode())
    store = open_store(registry.uri, registry.client)

    def names(prefix: str = "") -> list[str]:
        return sorted(entry.name for entry in store.listed(prefix))

    assert names() == ["current.json", "versions/ab/a", "versions/ab/plots/b", "versions/abc/a"]
    assert names("versions/ab") == ["versions/ab/a", "versions/ab/plots/b", "versions/abc/a"]
    assert names("versions/ab/") == ["versions/ab/a", "versions/ab/plots/b"]
    assert names("nothing/") == []


def test_a_listing_tells_size_and_time(registry: Registry) -> None:
    registry.put("versions/ab/a", b"12345")

    (entry,) = open_store(registry.uri, registry.client).listed()

    assert (entry.name, entry.bytes) == ("versions/ab/a", 5)
    assert entry.modified.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - entry.modified) < timedelta(minutes=1)


def test_what_nothing_here_would_write_is_not_listed(directory: InDirectory) -> None:
    for name in ("a", ".a.tmp", ".hidden/a", "b c", "folder/.lock"):
        directory.put(name, b"")

    assert [entry.name for entry in open_store(directory.uri).listed()] == ["a"]


def test_a_registry_that_cannot_be_listed_is_named(registry: Registry) -> None:
    missing = "s3://no-such-bucket-here/a" if registry.client else f"{registry.uri}-not"

    with pytest.raises(RegistryError, match="there is no"):
        list(open_store(missing, registry.client).listed())


def test_more_objects_than_one_page_are_listed(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    for number in range(5):
        registry.put(f"a/{number}", b"")

    listed = {entry.name for entry in open_store(registry.uri, registry.client).listed("a/")}

    assert listed == {f"a/{number}" for number in range(5)}
