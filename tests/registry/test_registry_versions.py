"""What a registry says of its versions."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from registries import InDirectory, Registry, version_of

from serving.cli import root
from training.cli import add_commands
from training.registry import Skipped, VersionRow, list_versions, promote, publish
from training.registry.versions import Calibration

SKIPPED = Skipped("nothing to compare with")


def at(hour: int) -> Callable[[], datetime]:
    return lambda: datetime(2026, 11, 22, hour, tzinfo=UTC)


def run(*arguments: str) -> str:
    add_commands(root)
    done = CliRunner().invoke(root, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def test_versions_are_listed_with_what_is_known_of_them_newest_first(
    registry: Registry, trained: Path, artifact: Path, other: Path
) -> None:
    publish(artifact, registry.uri, note="by hand", client=registry.client, now=at(10))
    publish(other, registry.uri, client=registry.client, now=at(12))
    version = publish(trained, registry.uri, note="T", client=registry.client, now=at(11)).version
    promote(registry.uri, version, gate=SKIPPED, client=registry.client)

    newest, middle, oldest = list_versions(registry.uri, client=registry.client)

    assert [row.version for row in (newest, middle, oldest)] == [
        version_of(path) for path in (other, trained, artifact)
    ]
    evaluation = json.loads((trained / "evaluation.json").read_bytes())["metrics"]
    worst = max(
        evaluation, key=lambda m: evaluation[m]["pit_ks"] / evaluation[m]["pit_ks_noise_95"]
    )
    manifest = json.loads((trained / "manifest.json").read_bytes())
    assert middle == VersionRow(
        version=version,
        published_at="2026-11-22T11:00:00+00:00",
        note="T",
        scorecard=manifest["scorecard"]["id"],
        accounts=manifest["training"]["accounts"],
        worst=Calibration(worst, evaluation[worst]["pit_ks"], evaluation[worst]["pit_ks_noise_95"]),
        current=True,
        previous=False,
        incomplete=False,
        removing=False,
    )
    assert (oldest.previous, oldest.current, oldest.worst) == (True, False, None)
    assert (newest.previous, newest.current, newest.note) == (False, False, "")


@pytest.mark.parametrize(
    "missing", ["manifest.json", "golden.json", "model.tar.gz", "plots/calibration.svg"]
)
def test_a_publication_that_was_cut_off_is_listed_as_incomplete(
    registry: Registry, artifact: Path, missing: str
) -> None:
    version = publish(artifact, registry.uri, note="cut", client=registry.client).version
    registry.remove(f"versions/{version}/{missing}")

    (row,) = list_versions(registry.uri, client=registry.client)

    assert (row.version, row.incomplete, row.note) == (version, True, "cut")
    assert (row.scorecard, row.accounts, row.worst) == (None, None, None)


def test_a_version_without_a_publication_has_the_store_s_date(
    registry: Registry, artifact: Path
) -> None:
    version = publish(artifact, registry.uri, note="lost", client=registry.client).version
    place = f"versions/{version}/publication.json"
    for data in (None, b"", b"[]", b"{", b'{"schema":1,"published_at":5,"note":[]}'):
        if data is None:
            registry.remove(place)
        else:
            registry.put(place, data)

        (row,) = list_versions(registry.uri, client=registry.client)

        assert (row.note, row.incomplete) == ("", False)
        age = datetime.now(UTC) - datetime.fromisoformat(row.published_at)
        assert timedelta(seconds=-2) < age < timedelta(minutes=1)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"metrics":[]}', b'{"metrics":{"a":{"pit_ks":"x"}}}']
)
def test_an_evaluation_that_was_altered_is_not_shown(
    directory: InDirectory, trained: Path, data: bytes
) -> None:
    version = publish(trained, directory.uri).version
    place = f"versions/{version}/evaluation.json"
    size = len(directory.get(place))
    directory.put(place, data.ljust(size))

    (row,) = list_versions(directory.uri)

    assert (row.worst, row.incomplete) == (None, False)


def test_an_empty_registry_has_no_versions(registry: Registry) -> None:
    assert list_versions(registry.uri, client=registry.client) == ()


def test_the_commands_show_and_change_what_is_current(
    directory: InDirectory, trained: Path, reweighted: Path
) -> None:
    run("publish", str(trained), directory.uri, "--note", "first")
    second = version_of(reweighted)
    run("publish", str(reweighted), directory.uri, "--note", "second")
    promote(directory.uri, second, gate=SKIPPED)

    shown = run("versions", directory.uri).splitlines()
    told = json.loads(run("versions", directory.uri, "--json"))
    first = version_of(trained)
    went = run("rollback", directory.uri, "--note", "jumps")
    again = run("rollback", directory.uri, "--to", first[:6])
    removed = run("gc", directory.uri, "--dry-run")

    by_version = {line.split()[0]: line for line in shown[1:]}
    assert "current;" in by_version[second]
    assert by_version[second].endswith("second")
    assert "previous;" in by_version[first]
    assert {row["version"]: row["current"] for row in told} == {first: False, second: True}
    assert went == f"version {first} is current again, instead of {second}\n"
    assert again == f"version {first} is the current one already\n"
    assert removed == "nothing to remove\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["gc", "--older-than", "7"], 2, "is not a duration"),
        (["gc", "--older-than", "59m"], 2, "at least 1h"),
        (["rollback"], 1, "nothing is published"),
        (["rollback", "--to", "abc"], 1, "nothing is published"),
        (["gc"], 1, "nothing is published"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(
    directory: InDirectory, arguments: list[str], code: int, words: str
) -> None:
    add_commands(root)

    done = CliRunner().invoke(root, [arguments[0], directory.uri, *arguments[1:]])

    assert done.exit_code == code
    assert words in done.output


def test_the_commands_say_what_was_removed(
    directory: InDirectory, artifacts: Callable[[int], Path]
) -> None:
    done = [publish(artifacts(n), directory.uri).version for n in range(2)]
    for path in directory.folder.rglob("*.*"):
        os.utime(path, (0, 0))

    wished = run("gc", directory.uri, "--dry-run", "--older-than", "30d")
    made = run("gc", directory.uri, "--older-than", "30d")

    assert wished == f"version {done[1]} would be removed\n"
    assert made == f"version {done[1]} was removed\n"
    assert "there is no version" in run("versions", f"file://{directory.folder}/versions")
