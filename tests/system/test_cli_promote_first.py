"""What `promote` and `publish` say and store where there is nothing to compare with."""

from __future__ import annotations

import pytest
from attempts import attempt

from serving.registry.pointer import read_pointer
from serving.registry.store import open_store


@pytest.mark.parametrize(
    ("options", "verdict", "reason"),
    [
        (["--skip-gate", "no data yet"], "skipped", "no data yet"),
        (["--limit", "fewest_accounts=50", "--reason", "a pilot"], "overridden", "a pilot"),
    ],
)
def test_the_first_version_keeps_its_reason_in_a_folder_that_is_not_there_yet(
    small_trained, tmp_path, options, verdict, reason
):
    uri = f"file://{tmp_path / 'new'}"

    done = attempt(["publish", str(small_trained), uri, "--promote", *options])

    assert done.exit_code == 0, done.output
    gate = read_pointer(open_store(uri)).gate
    assert (gate["verdict"], gate["reason"]) == (verdict, reason)


def test_an_empty_reason_publishes_nothing(small_trained, tmp_path):
    words = ["publish", str(small_trained), f"file://{tmp_path / 'new'}", "--promote"]

    done = attempt([*words, "--skip-gate", " "])

    assert done.exit_code == 1
    assert not (tmp_path / "new").exists()


def test_a_dry_run_of_the_current_version_says_why_there_is_no_table_and_no_plot(
    small, small_trained, tmp_path
):
    uri = f"file://{tmp_path / 'new'}"
    attempt(["publish", str(small_trained), uri])
    version = read_pointer(open_store(uri)).version
    plot = tmp_path / "moves.png"

    done = attempt(
        ["promote", uri, version, "--dry-run", "--data", str(small), "--plot", str(plot)]
    )

    assert done.exit_code == 0
    assert "there is no table and no plot" in done.stderr
    assert not plot.exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--scoring-date", "2026-01-01"), ("--refused", "r.csv"), ("--max-refused", "0.01")],
)
def test_how_accounts_are_read_needs_promote(small_trained, tmp_path, option, value):
    done = attempt(["publish", str(small_trained), f"file://{tmp_path / 'new'}", option, value])

    assert done.exit_code == 2
    assert f"{option} goes with --promote" in done.stderr


def test_a_folder_that_is_not_there_says_what_makes_it(tmp_path):
    done = attempt(["versions", f"file://{tmp_path / 'new'}"])

    assert done.exit_code == 1
    assert "`scorecard publish` makes it" in done.stderr
