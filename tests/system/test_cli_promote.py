"""Promotion through the gate, as people type it."""

from __future__ import annotations

import hashlib
import json
import shutil
from types import SimpleNamespace

import pytest
from attempts import attempt, tree

from serving.registry.pointer import read_pointer
from serving.registry.store import open_store
from training.build import build

NOTHING_CHANGED = "what is served does not change"


@pytest.fixture(scope="session")
def served(tmp_path_factory, small_trained, five_metrics):
    """A registry that serves A, and two that may follow: reweighted and turned round."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "registry").mkdir()
    done = attempt(["publish", str(small_trained), f"file://{folder / 'registry'}"])
    assert done.exit_code == 0, done.output
    card = five_metrics.read_text()
    for name, old, new in (
        ("reweighted", "macro: 1,", "macro: 2,"),
        ("reversed", "macro: {kind: peer}", "macro: {kind: peer, higher_is_better: false}"),
    ):
        (folder / f"{name}.yaml").write_text(card.replace(old, new))
        build(folder / f"{name}.yaml", small_trained, folder / name)
    return folder


@pytest.fixture
def registry(served, small, small_trained, tmp_path, monkeypatch):
    """A copy of it, and an empty working folder."""
    shutil.copytree(served / "registry", tmp_path / "registry")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    artifacts = {
        "A": small_trained, "reweighted": served / "reweighted", "reversed": served / "reversed"
    }  # fmt: skip
    return SimpleNamespace(
        folder=tmp_path / "registry",
        uri=f"file://{tmp_path / 'registry'}",
        here=tmp_path / "here",
        data=small,
        artifacts=artifacts,
        versions={name: path_version(path) for name, path in artifacts.items()},
    )


def path_version(artifact):
    return hashlib.sha256((artifact / "manifest.json").read_bytes()).hexdigest()[:32]


def pointer(registry):
    return read_pointer(open_store(registry.uri))


def publish(registry, name, *more):
    return attempt(["publish", str(registry.artifacts[name]), registry.uri, *map(str, more)])


def promote(registry, name, *more):
    return attempt(["promote", registry.uri, registry.versions[name][:8], *map(str, more)])


def test_a_version_that_passes_becomes_current_and_the_pointer_says_how_it_was_judged(registry):
    publish(registry, "reweighted")

    done = promote(registry, "reweighted", "--data", registry.data, "--note", "more macro")

    told = pointer(registry)
    assert done.exit_code == 0, done.output
    assert told.version == registry.versions["reweighted"]
    assert (told.previous, told.seq, told.note) == (registry.versions["A"], 2, "more macro")
    assert told.gate["verdict"] == "passed"
    assert [one["passed"] for one in told.gate["verdicts"]] == [True] * 7
    assert "global_score" in done.stdout
    assert done.stdout.count(" passed ") == 7
    assert done.stdout.splitlines()[-1] == (
        f"version {told.version} is current, {registry.versions['A']} before"
    )


def test_a_refusal_exits_with_3_names_every_failed_check_and_changes_nothing(registry):
    publish(registry, "reversed")
    before = tree(registry.folder)

    done = promote(registry, "reversed", "--data", registry.data)

    assert done.exit_code == 3
    assert "stable metrics" in done.stderr
    assert "--limit NAME=VALUE --reason" in done.stderr
    assert NOTHING_CHANGED in done.stderr
    assert "auto_macro_metric_score" in done.stdout
    assert "largest_move 10 > 8" in done.stdout
    assert tree(registry.folder) == before


def test_without_data_it_says_that_no_score_was_compared(registry):
    publish(registry, "reversed")

    done = promote(registry, "reversed")

    assert done.exit_code == 0
    assert done.stdout.count("not compared: give --data") == 4


@pytest.mark.parametrize(("name", "code"), [("reweighted", 0), ("reversed", 3)])
def test_a_dry_run_judges_draws_and_moves_nothing(registry, name, code):
    publish(registry, name)
    before = tree(registry.folder)

    done = promote(
        registry, name, "--data", registry.data, "--dry-run", "--plot", "out/moves.png"
    )  # fmt: skip

    assert done.exit_code == code
    assert (registry.here / "out" / "moves.png").read_bytes().startswith(b"\x89PNG")
    assert "no score comes or goes" in done.stdout
    assert (NOTHING_CHANGED in done.stderr) == (code == 3)
    assert tree(registry.folder) == before


def test_other_limits_and_their_reason_are_stored_in_the_pointer(registry):
    publish(registry, "reversed")
    limits = ("moving_share=1", "largest_move=10", "mean_move=10", "global_moving_share=1",
              "global_largest_move=10", "global_mean_move=10",
              "component_moving_share=1", "component_mean_move=10")  # fmt: skip
    options = [word for limit in limits for word in ("--limit", limit)]

    done = promote(
        registry, "reversed", "--data", registry.data, *options, "--reason", "fewer macros is good"
    )  # fmt: skip

    told = pointer(registry)
    assert done.exit_code == 0, done.output
    assert told.version == registry.versions["reversed"]
    assert told.gate["verdict"] == "overridden"
    assert told.gate["reason"] == "fewer macros is good"
    assert told.gate["overrides"]["largest_move"] == 10.0


def test_a_skipped_gate_leaves_its_reason_in_the_pointer(registry):
    done = publish(registry, "reversed", "--promote", "--skip-gate", "urgent repair", "--json")

    told = pointer(registry)
    assert done.exit_code == 0, done.output
    assert told.version == registry.versions["reversed"]
    assert told.gate == {"verdict": "skipped", "reason": "urgent repair"}
    assert json.loads(done.stdout)["gate"] == told.gate


def test_publish_promotes_what_passes_and_keeps_what_is_served_otherwise(registry):
    passed = publish(registry, "reweighted", "--promote", "--data", registry.data)
    refused = publish(registry, "reversed", "--promote", "--data", registry.data)

    assert (passed.exit_code, refused.exit_code) == (0, 3)
    assert pointer(registry).version == registry.versions["reweighted"]
    assert (registry.folder / "versions" / registry.versions["reversed"] / "manifest.json").exists()


def test_a_dry_run_of_publish_uploads_nothing(registry):
    before = tree(registry.folder)

    done = publish(registry, "reversed", "--promote", "--dry-run", "--data", registry.data)

    assert done.exit_code == 3
    assert "stable metrics" in done.stderr
    assert tree(registry.folder) == before


def test_the_first_version_is_judged_before_it_is_uploaded(registry):
    empty = registry.here / "empty_registry"
    empty.mkdir()
    strict = ("--limit", "fewest_accounts=100000", "--reason", "a trial")
    words = ["publish", str(registry.artifacts["A"]), f"file://{empty}", "--promote"]

    refused = attempt([*words, *strict])
    nothing = tree(empty)
    passed = attempt([*words, "--data", str(registry.data)])

    assert (refused.exit_code, passed.exit_code) == (3, 0)
    assert nothing == {}
    assert passed.stdout.count("there is no champion") == 5
    assert read_pointer(open_store(f"file://{empty}")).version == registry.versions["A"]


def test_promoting_what_is_current_changes_nothing_and_is_no_error(registry):
    before = tree(registry.folder)

    done = promote(registry, "A", "--data", registry.data)

    assert done.exit_code == 0
    assert "is current already" in done.stdout
    assert tree(registry.folder) == before


def test_json_holds_the_verdicts_and_the_comparison(registry):
    publish(registry, "reweighted")
    publish(registry, "reversed")

    dry = promote(registry, "reversed", "--data", registry.data, "--dry-run", "--json")
    done = promote(registry, "reweighted", "--data", registry.data, "--json")

    told, refused = json.loads(done.stdout), json.loads(dry.stdout)
    assert (told["version"], told["moved"], told["seq"]) == (
        registry.versions["reweighted"],
        True,
        2,
    )
    assert told["gate"] == pointer(registry).gate
    assert {row["score"] for row in told["comparison"]} >= {"global_score", "auto_component_score"}
    assert (refused["moved"], refused["gate"]["verdict"]) == (False, "refused")
    assert dry.exit_code == 3


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--limit", "largest_move=4"], "--limit and --reason go together"),
        (["--reason", "why not"], "--limit and --reason go together"),
        (["--limit", "largest_move=4", "--reason", " "], "--limit and --reason go together"),
        (["--limit", "tallest=4", "--reason", "r"], "no limit 'tallest'"),
        (["--skip-gate", "r", "--dry-run"], "--skip-gate asks no gate"),
        (["--skip-gate", "r", "--limit", "largest_move=4", "--reason", "r"], "asks no gate"),
        (["--plot", "p.png"], "give --data"),
    ],
)
def test_contradictory_options_are_wrong_usage_before_anything_is_done(registry, options, told):
    before = tree(registry.folder)

    by_promote = promote(registry, "A", *options)
    by_publish = publish(registry, "reversed", "--promote", *options)

    for done in (by_promote, by_publish):
        assert done.exit_code == 2
        assert told in " ".join(done.stderr.split())
    assert tree(registry.folder) == before


def test_the_gates_options_need_promote(registry):
    done = publish(registry, "reversed", "--data", registry.data, "--skip-gate", "")

    assert done.exit_code == 2
    assert "--data, --skip-gate goes with --promote" in done.stderr


def test_an_empty_reason_skips_no_gate(registry):
    publish(registry, "reversed")

    done = promote(registry, "reversed", "--skip-gate", "")

    assert done.exit_code == 1
    assert "takes a reason" in done.stderr
    assert pointer(registry).version == registry.versions["A"]


def test_too_many_refused_rows_stop_a_promotion_and_are_listed(registry, tmp_path):
    folder = tmp_path / "mended"
    folder.mkdir()
    for path in registry.data.glob("*.csv"):
        (folder / path.name).write_bytes(path.read_bytes())
    with (folder / "peer_dims.csv").open("a") as file:
        file.write("bad,1,2,3\n" * 100)
    publish(registry, "reweighted")

    done = promote(registry, "reweighted", "--data", folder, "--refused", "refused.csv")

    assert done.exit_code == 3
    assert len((registry.here / "refused.csv").read_text().splitlines()) == 101
    assert pointer(registry).version == registry.versions["A"]


def test_a_plot_that_cannot_be_written_stops_a_promotion_before_anything_moves(registry):
    publish(registry, "reweighted")
    (registry.here / "file").write_text("no folder")

    done = promote(registry, "reweighted", "--data", registry.data, "--plot", "file/moves.png")

    assert done.exit_code == 1
    assert pointer(registry).version == registry.versions["A"]
