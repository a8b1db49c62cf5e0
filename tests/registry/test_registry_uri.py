"""Which addresses and names are taken, and which are refused."""

import socket
from pathlib import Path

import pytest

from serving.registry import RegistryError, fetch_current, is_registry_uri, pull
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


HOSTILE = [
    ("", "nothing"),
    ("models", "no scheme"),
    ("/srv/models", "a path"),
    ("http://169.254.169.254/latest/meta-data", "the metadata service"),
    ("https://models.s3.amazonaws.com/a", "another protocol"),
    ("gopher://models/a", "another protocol"),
    ("S3://models/a", "spelt otherwise"),
    (" s3://models", "a space before"),
    ("s3:models/a", "no slashes"),
    ("s3:///a", "no bucket"),
    ("s3://", "no bucket"),
    ("s3://ab", "two characters"),
    ("s3://" + "a" * 64, "64 characters"),
    ("s3://Models/a", "a capital"),
    ("s3://my_models/a", "an underscore"),
    ("s3://-models/a", "a dash in front"),
    ("s3://models-/a", "a dash behind"),
    ("s3://.models/a", "a dot in front"),
    ("s3://models./a", "a dot behind"),
    ("s3://my..models/a", "two dots"),
    ("s3://my.-models/a", "a dot beside a dash"),
    ("s3://169.254.169.254/a", "an IP address"),
    ("s3://models:9000/a", "a port"),
    ("s3://AKIA:hush@models/a", "a user and a password"),
    ("s3://user@models/a", "a user"),
    ("s3://models@evil/a", "a user"),
    ("s3://models/a?versionId=1", "a query"),
    ("s3://models/a#b", "a fragment"),
    ("s3://models#/../../etc", "a fragment"),
    ("s3://models/%2e%2e/a", "an escape"),
    ("s3://models/a%00", "an escape"),
    ("s3://models%2fa", "an escape"),
    ("s3://models/../a", "upwards"),
    ("s3://models/a/..", "upwards"),
    ("s3://models/./a", "here"),
    ("s3://models/a//b", "an empty part"),
    ("s3://models//a", "an empty part"),
    ("s3://models//", "an empty part"),
    ("s3://models/a\\b", "a backslash"),
    ("s3://models/a b", "a space"),
    ("s3://models/a\n", "a line break"),
    ("s3://models\n", "a line break"),
    ("s3://models/a\x00", "a NUL"),
    ("s3://models/a\x7f", "a control character"),
    ("s3://models/\u2024\u2024/a", "leaders that look like dots"),
    ("s3://models/\uff0e\uff0e/a", "wide dots"),
    ("s3://models/a\u2215b", "a slash of another kind"),
    ("s3://m\u043edels/a", "a Cyrillic o"),
    ("s3://models/\u202ea", "text that runs backwards"),
    ("s3://models/a\udc80", "half a character"),
    ("s3://models/{a,b}", "a brace"),
    ("s3://models/$(id)", "a shell"),
    ("s3://models/`id`", "a shell"),
    ("s3://models/a;id", "a shell"),
    ("s3://models/" + "a" * 513, "a long prefix"),
    ("s3://arn:aws:s3:us-east-1:1:accesspoint/a", "an ARN"),
    ("file://", "no directory"),
    ("file:///", "the root"),
    ("file:////", "the root"),
    ("file://models", "a host"),
    ("file://localhost/srv/models", "a host"),
    ("file://models/srv", "a host"),
    ("file:srv/models", "no slashes"),
    ("file:///srv/../etc", "upwards"),
    ("file:///srv/./models", "here"),
    ("file:///srv//models", "an empty part"),
    ("file:////srv/models", "an empty part"),
    ("file:///srv/models//", "an empty part"),
    ("file:///srv/%2e%2e/etc", "an escape"),
    ("file:///srv/models#a", "a fragment"),
    ("file:///srv/models?a", "a query"),
    ("file:///srv/mod\x00els", "a NUL"),
    ("file:///srv/models\n", "a line break"),
    ("file:///srv\\models", "a backslash"),
    ("FILE:///srv/models", "spelt otherwise"),
]


@pytest.mark.parametrize(("text", "why"), HOSTILE, ids=[why for _, why in HOSTILE])
def test_hostile_addresses_are_refused_before_anything_is_opened(
    text: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail(f"connected: {why}"))

    for use in (fetch_current, pull, lambda uri, _: parse_uri(uri)):
        with pytest.raises(RegistryError) as caught:
            use(text, tmp_path / "target")
        assert "hush" not in str(caught.value)

    assert list(tmp_path.iterdir()) == []


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
