"""Which pointers are followed."""

import json
from pathlib import Path

import pytest
from registries import InDirectory, pointer_of

from serving.registry import RegistryError, fetch_current
from serving.scoring import load_scorer
from training.registry import Skipped, promote, publish


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema": 2}, "has schema 2; this program reads 1"),
        ({"schema": None}, "has schema None"),
        ({"seq": 0}, "not as they must be: seq"),
        ({"seq": True}, "not as they must be: seq"),
        ({"version": "../../elsewhere"}, "not as they must be: version"),
        ({"version": "0" * 32}, "contradict"),
        ({"version": None, "note": 1}, "not as they must be: version, note"),
        ({"manifest_sha256": "f" * 63 + "\n"}, "manifest_sha256"),
        ({"previous": "none"}, "previous"),
        ({"published_at": 2026}, "published_at"),
        ({"note": "x" * 70_000}, "is larger than"),
        ({"gate": "skipped"}, "not as they must be: gate"),
        ({"removing": "all"}, "not as they must be: removing"),
        ({"removing": ["../elsewhere"]}, "not as they must be: removing"),
        ({"removals": -1, "change": None}, "not as they must be: removals, change"),
    ],
)
def test_a_pointer_that_is_not_ours_is_refused(
    directory: InDirectory, artifact: Path, other: Path, tmp_path: Path, changes, words: str
) -> None:
    publish(artifact, directory.uri)
    pointer = json.loads(directory.get("current.json"))
    directory.put("current.json", json.dumps(pointer | changes).encode())

    for use in [
        lambda: fetch_current(directory.uri, tmp_path / "cache"),
        lambda: publish(other, directory.uri),
    ]:
        with pytest.raises(RegistryError, match=words):
            use()


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b'{"schema":1,"schema":1}'])
def test_a_pointer_that_is_no_json_is_refused(
    directory: InDirectory, tmp_path: Path, data: bytes
) -> None:
    directory.put("current.json", data)

    with pytest.raises(RegistryError, match=r"current\.json"):
        fetch_current(directory.uri, tmp_path)


def test_what_a_later_program_adds_to_a_pointer_is_no_hindrance(
    directory: InDirectory, artifact: Path, tmp_path: Path
) -> None:
    publish(artifact, directory.uri)
    pointer = json.loads(directory.get("current.json"))
    directory.put("current.json", json.dumps(pointer | {"mood": "good"}).encode())

    load_scorer(fetch_current(directory.uri, tmp_path))


def test_a_pointer_of_an_older_program_is_followed_and_replaced(
    directory: InDirectory, artifact: Path, other: Path, tmp_path: Path
) -> None:
    publish(artifact, directory.uri)
    two = publish(other, directory.uri).version
    pointer = json.loads(directory.get("current.json"))
    for name in ("gate", "removing", "removals", "change"):
        del pointer[name]
    directory.put("current.json", json.dumps(pointer).encode())

    before = pointer_of(directory)
    promote(directory.uri, two, gate=Skipped("by hand"))

    assert before is not None
    assert (before.gate, before.removing, before.removals) == (None, (), 0)
    scorer = load_scorer(fetch_current(directory.uri, tmp_path))
    assert scorer.artifact.version == two
