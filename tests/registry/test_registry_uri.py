"""Which addresses and names are taken; test_hostile_addresses.py has those that are refused."""

from pathlib import Path

import pytest

from serving.registry import RegistryError, is_registry_uri
from serving.registry.uri import check_key, parse_uri


@pytest.mark.parametrize(
    ("text", "uri", "place"),
    [
        ("s3://models", "s3://models", "current.json"),
        ("s3://models/", "s3://models", "current.json"),
        ("s3://models/team/a", "s3://models/team/a", "team/a/current.json"),
        ("s3://models/team/", "s3://models/team", "team/current.json"),
        ("s3://my.models-2/A_b.c-d", "s3://my.models-2/A_b.c-d", "A_b.c-d/current.json"),
    ],
)
def test_a_bucket_with_or_without_a_prefix_is_taken(text: str, uri: str, place: str) -> None:
    location = parse_uri(text)

    assert (location.uri, location.key("current.json")) == (uri, place)


@pytest.mark.parametrize("text", ["file:///srv/models", "file:///srv/models/", "file:///srv/a b/ü"])
def test_an_absolute_directory_is_taken(text: str) -> None:
    location = parse_uri(text)

    assert location.path("current.json") == Path(text.removeprefix("file://")) / "current.json"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("s3://models", True),
        ("file:///srv/models", True),
        ("build/artifact", False),
        ("/srv/models", False),
        ("s3", False),
        ("s3:/models", False),
        ("https://models", False),
    ],
)
def test_a_path_is_not_taken_for_a_registry(text: str, meant: bool) -> None:
    assert is_registry_uri(text) is meant


@pytest.mark.parametrize(
    "key",
    ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "a b", "a\n", "ä", "a\\b", "a%2fb"],
)
def test_names_that_are_not_plain_are_refused(key: str) -> None:
    with pytest.raises(RegistryError, match="names in a registry"):
        check_key(key)


def test_names_as_long_as_s3_allows_are_taken() -> None:
    assert check_key("a" * 1024)
    with pytest.raises(RegistryError):
        check_key("a" * 1025)
