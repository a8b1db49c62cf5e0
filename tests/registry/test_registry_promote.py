"""Making a version current, and going back."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from registries import Registry, Said, check_invariant, flip, pointer_of, version_of

from serving.registry import RegistryError
from serving.registry.errors import NotFound
from serving.scoring import ArtifactError, InvalidInput
from training.registry import GateRefused, Promoted, Skipped, promote, publish, rollback

SKIPPED = Skipped("nothing to compare with")


def publish_both(registry: Registry, artifact: Path, other: Path) -> tuple[str, str]:
    """Two versions; the first is current."""
    done = [publish(path, registry.uri, client=registry.client) for path in (artifact, other)]
    return done[0].version, done[1].version


def go(
    registry: Registry, version: str, gate: Said | Skipped = SKIPPED, note: str = ""
) -> Promoted:
    return promote(registry.uri, version, gate=gate, note=note, client=registry.client)


def back(registry: Registry, to: str | None = None, note: str = "") -> Promoted:
    return rollback(registry.uri, to=to, note=note, client=registry.client)


def test_a_version_that_passes_the_gate_becomes_current(
    registry: Registry, artifact: Path, other: Path, tmp_path: Path
) -> None:
    one, two = publish_both(registry, artifact, other)
    gate = Said(told={"moved": 0.01})
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)

    done = promote(
        registry.uri, two, gate=gate, note="second", client=registry.client, now=lambda: noon
    )

    assert done == Promoted(two, previous=one, seq=2, moved=True, report=gate)
    assert gate.shown == [(two, one)]
    pointer = pointer_of(registry)
    assert pointer is not None
    assert (pointer.seq, pointer.version, pointer.previous) == (2, two, one)
    assert pointer.published_at == "2026-11-22T12:00:00+00:00"
    assert pointer.note == "second"
    assert pointer.gate == {"verdict": "passed", "reason": "", "moved": 0.01}
    check_invariant(registry, tmp_path / "scratch")


def test_a_version_that_does_not_pass_stays_where_it_is(
    registry: Registry, artifact: Path, other: Path
) -> None:
    _, two = publish_both(registry, artifact, other)
    before = registry.get("current.json")
    gate = Said(passed=False)

    with pytest.raises(GateRefused, match="the current one stays") as caught:
        go(registry, two, gate)

    assert caught.value.report is gate
    assert registry.get("current.json") == before


def test_why_the_gate_was_skipped_is_stored(
    registry: Registry, artifact: Path, other: Path
) -> None:
    _, two = publish_both(registry, artifact, other)

    done = go(registry, two, Skipped("fire in the data centre"))

    assert done.report is None
    pointer = pointer_of(registry)
    assert pointer is not None
    assert pointer.gate == {"verdict": "skipped", "reason": "fire in the data centre"}


def test_what_is_current_is_promoted_without_a_gate_and_without_a_change(
    registry: Registry, artifact: Path
) -> None:
    version = publish(artifact, registry.uri, client=registry.client).version
    before = registry.get("current.json")
    gate = Said(passed=False)

    done = go(registry, version, gate)

    assert done == Promoted(version, previous=None, seq=1, moved=False)
    assert gate.shown == []
    assert registry.get("current.json") == before


def test_the_gate_is_asked_again_if_another_version_becomes_current_meanwhile(
    registry: Registry, artifact: Path, other: Path, artifacts: Callable[[int], Path]
) -> None:
    one, two = publish_both(registry, artifact, other)
    three = publish(artifacts(3), registry.uri, client=registry.client).version
    gate = Said()

    def slow_gate(candidate: Path, champion: Path | None) -> Said:
        if not gate.shown:
            go(registry, three)
        return gate(candidate, champion)

    done = promote(registry.uri, two, gate=slow_gate, client=registry.client)

    assert gate.shown == [(two, one), (two, three)]
    assert (done.seq, done.previous) == (3, three)


def test_a_version_becomes_current_where_the_first_publisher_was_cut_off(
    registry: Registry, artifact: Path, tmp_path: Path
) -> None:
    version = publish(artifact, registry.uri, client=registry.client).version
    registry.remove("current.json")
    gate = Said()

    done = go(registry, version, gate)

    assert (done.seq, done.previous, gate.shown) == (1, None, [(version, None)])
    check_invariant(registry, tmp_path / "scratch")


@pytest.mark.parametrize("name", ["golden.json", "manifest.json", "plots/calibration.svg"])
def test_a_damaged_version_never_becomes_current(
    registry: Registry, artifact: Path, other: Path, name: str
) -> None:
    _, two = publish_both(registry, artifact, other)
    place = f"versions/{two}/{name}"
    whole, gate = registry.get(place), Said()
    before = registry.get("current.json")
    for damaged in (flip(whole), whole[:-1], None):
        if damaged is None:
            registry.remove(place)
        else:
            registry.put(place, damaged)

        with pytest.raises(ArtifactError):
            go(registry, two, gate)
        with pytest.raises(ArtifactError):
            back(registry, to=two)

    assert gate.shown == []
    assert registry.get("current.json") == before


def test_a_damaged_current_version_can_be_left_without_a_gate_only(
    registry: Registry, artifact: Path, other: Path
) -> None:
    one, two = publish_both(registry, artifact, other)
    registry.remove(f"versions/{one}/golden.json")

    with pytest.raises(RegistryError, match="cannot compare with the current version"):
        go(registry, two, Said())

    assert go(registry, two).moved


def test_a_version_may_be_named_by_its_beginning(
    registry: Registry, artifact: Path, other: Path
) -> None:
    one, two = publish_both(registry, artifact, other)
    alike = two[:6] + "0" * 26
    registry.put(f"versions/{alike}/golden.json", b"")

    with pytest.raises(RegistryError, match="the beginning of 2 versions: ") as caught:
        go(registry, two[:6])

    assert two in str(caught.value)
    assert alike in str(caught.value)
    registry.remove(f"versions/{alike}/golden.json")
    assert go(registry, two[:6]).version == two
    assert back(registry, to=one[:7]).version == one


@pytest.mark.parametrize(
    ("version", "error", "words"),
    [
        ("f" * 31 + "0", NotFound, "there is no version"),
        ("fffff0", NotFound, "there is no version fffff0 at"),
        ("12345", RegistryError, "at least the first 6"),
        ("", RegistryError, "at least the first 6"),
        ("../../x", RegistryError, "32 characters of 0-9 and a-f"),
        ("ABCDEF", RegistryError, "32 characters"),
        ("0" * 33, RegistryError, "32 characters"),
    ],
)
def test_a_version_that_is_not_there_is_not_promoted(
    registry: Registry, artifact: Path, version: str, error: type[Exception], words: str
) -> None:
    publish(artifact, registry.uri, client=registry.client)

    with pytest.raises(error, match=words):
        go(registry, version)


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "x" * 1001])
def test_skipping_takes_a_reason_that_can_be_read(
    directory: Registry, artifact: Path, reason: str
) -> None:
    version = publish(artifact, directory.uri).version

    with pytest.raises(InvalidInput, match="reason"):
        go(directory, version, Skipped(reason))


def test_a_report_that_is_too_large_for_a_pointer_is_refused(
    directory: Registry, artifact: Path, other: Path
) -> None:
    one, two = publish_both(directory, artifact, other)

    with pytest.raises(RegistryError, match="more than 65536 bytes"):
        go(directory, two, Said(told={"text": "x" * 70_000}))

    pointer = pointer_of(directory)
    assert pointer is not None
    assert pointer.version == one


def test_rolling_back_makes_the_previous_version_current(
    registry: Registry, artifact: Path, other: Path, tmp_path: Path
) -> None:
    one, two = publish_both(registry, artifact, other)
    go(registry, two)

    done = back(registry, note="scores jumped")

    assert done == Promoted(one, previous=two, seq=3, moved=True)
    pointer = pointer_of(registry)
    assert pointer is not None
    assert (pointer.seq, pointer.version, pointer.previous) == (3, one, two)
    assert pointer.gate == {"verdict": "rollback", "reason": "scores jumped"}
    check_invariant(registry, tmp_path / "scratch")


def test_rolling_back_twice_goes_forth_again_unless_a_version_is_named(
    registry: Registry, artifact: Path, other: Path
) -> None:
    one, two = publish_both(registry, artifact, other)
    go(registry, two)

    assert [back(registry).version, back(registry).version] == [one, two]
    assert [back(registry, to=one).moved, back(registry, to=one).moved] == [True, False]


def test_there_is_nothing_to_go_back_to_after_the_first_version(
    registry: Registry, artifact: Path
) -> None:
    publish(artifact, registry.uri, client=registry.client)

    with pytest.raises(RegistryError, match="nothing to go back to"):
        back(registry)


def test_an_empty_registry_cannot_be_rolled_back(registry: Registry) -> None:
    with pytest.raises(NotFound, match="nothing is published"):
        back(registry)


def test_a_version_that_is_being_removed_never_becomes_current(
    registry: Registry, artifact: Path, other: Path
) -> None:
    _, two = publish_both(registry, artifact, other)
    pointer = json.loads(registry.get("current.json"))
    registry.put("current.json", json.dumps(pointer | {"removing": [two]}).encode())

    for use in (lambda: go(registry, two), lambda: back(registry, to=two)):
        with pytest.raises(RegistryError, match="is being removed by `scorecard gc`"):
            use()


def test_a_removal_goes_on_whatever_becomes_current(
    registry: Registry, artifact: Path, other: Path, artifacts: Callable[[int], Path]
) -> None:
    _, two = publish_both(registry, artifact, other)
    doomed = version_of(artifacts(3))
    pointer = json.loads(registry.get("current.json"))
    changes = {"removing": [doomed], "removals": 7}
    registry.put("current.json", json.dumps(pointer | changes).encode())

    go(registry, two)
    back(registry)

    after = pointer_of(registry)
    assert after is not None
    assert (after.seq, after.removing, after.removals) == (3, (doomed,), 7)
