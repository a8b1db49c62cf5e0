"""The notebooks, executed from clean kernels: what a reader sees in them, and what they leave."""

import io
import re
import time
import uuid
from pathlib import Path

import numpy as np
import pytest
from nbformat.v4 import new_notebook
from PIL import Image

from serving.scoring import load_scorer
from tests.notebooks.executed import (
    copy_of_what_they_use,
    execute,
    outputs,
    pictures,
    printed,
    processes,
    shown_as_html,
)
from tests.notebooks.notebook_files import NOTEBOOKS, code_of

pytestmark = pytest.mark.notebooks

NAMES = [path.stem for path in NOTEBOOKS]
ACCOUNT = re.compile(r"\b[0-9a-f]{11}\b")
MARK = uuid.uuid4().hex
FIGURES = {
    "01_train_and_deploy": 1,
    "02_one_metric_by_eye": 6,
    "03_choose_and_trust_an_estimator": 2,
    "04_retrain_compare_promote": 2,
    "05_explain_an_account": 5,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return copy_of_what_they_use(tmp_path_factory.mktemp("notebooks"))


@pytest.fixture(scope="module")
def before(folder):
    return files_outside_build(folder)


@pytest.fixture(scope="module")
def executed(folder, before):
    return execute(folder, NAMES, MARK)


def files_outside_build(folder: Path) -> dict[Path, bytes]:
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path: (folder / path).read_bytes() for path in paths if path.parts[0] != "build"}


def cell_with(notebook, words):
    """Give the text of what the only cell with these words in its code put out."""
    (cell,) = [cell for cell in code_of(notebook) if words in cell.source]
    return printed(new_notebook(cells=[cell]))


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_ran_and_nothing_was_complained_of(executed, name):
    cells = code_of(executed[name])

    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for output in outputs(executed[name]):
        assert output.output_type != "error"
        if output.output_type == "stream" and output.name == "stderr":
            # Progress bars, which a kernel writes there.
            assert re.fullmatch(r"(\s*|.*\b(fitted|scored): .*\s*)*", output.text), output.text
    assert "Warning" not in printed(executed[name])


@pytest.mark.parametrize("name", NAMES)
def test_the_figures_are_there_and_not_blank(executed, name):
    figures = [
        np.asarray(Image.open(io.BytesIO(png)).convert("L")) for png in pictures(executed[name])
    ]

    assert len(figures) == FIGURES[name]
    for pixels in figures:
        assert min(pixels.shape) >= 250
        assert (pixels < 128).sum() > 500


def test_the_container_answers_what_the_scorer_says_and_nobody_else_gets_in(executed, folder):
    notebook = executed["01_train_and_deploy"]
    version = load_scorer(folder / "build/notebooks/01/artifact").artifact.version

    assert cell_with(notebook, "X-Scorecard-Version") == f"(200, '{version}')"
    assert cell_with(notebook, "refused = urllib3").endswith("(True, 403)")


def test_the_job_scores_everybody_once_then_nobody_then_the_five_that_changed(executed):
    notebook = executed["01_train_and_deploy"]

    changed = set(ACCOUNT.findall(cell_with(notebook, "last_updated=")))
    rescored = set(ACCOUNT.findall(cell_with(notebook, "again =")))
    counts = re.findall(r"([\d,]+) accounts scored, (\d+) refused", printed(notebook))
    assert counts == [("5,000", "0"), ("0", "0"), ("5", "0")]
    assert len(changed) == 5
    assert rescored == changed


def test_the_walk_through_ends_with_the_address_and_the_key(executed):
    last = executed["01_train_and_deploy"].cells[-1]

    (output,) = last.outputs
    assert re.fullmatch(
        r"API URL: http://127\.0\.0\.1:\d+/default/invocations\ntoken:   sc\w{40,}\n", output.text
    )


def test_a_score_among_peers_is_even_in_small_and_in_large_accounts(executed):
    table = cell_with(executed["02_one_metric_by_eye"], '"among_all", "score"]].mean')

    rows = [[float(cell) for cell in line.split()[-2:]] for line in table.splitlines()[2:]]
    among_all, score = np.array(rows).T
    assert len(rows) == 6
    assert np.ptp(among_all) > 30
    assert np.abs(score - 50).max() < 5


def test_the_estimators_are_told_apart_as_the_prose_says(executed):
    notebook = executed["03_choose_and_trust_an_estimator"]

    crps = table_of(cell_with(notebook, 'results["crps_ratio"]'))
    errors = table_of(cell_with(notebook, "gap = scores"))
    ks = table_of(cell_with(notebook, '100 * results["error"]'))
    assert crps["workflows"][3] == min(crps["workflows"])
    assert all(row[0] == max(row) for row in errors.values())
    assert errors["workflows"][3] < errors["workflows"][1] / 2
    # Chance reaches 4.3 on so many accounts.
    assert ks["workflows"][1] > 4.3 > max(ks["workflows"][3], ks["web2case"][1])


def table_of(text: str) -> dict[str, list[float]]:
    """Read a table of four numbers a row."""
    rows = [line.split() for line in text.splitlines()]
    return {
        row[0]: [float(cell) for cell in row[1:]]
        for row in rows
        if len(row) == 5 and re.fullmatch(r"[\d.]+", row[1])
    }


def test_a_good_retrain_is_promoted_a_bad_one_refused_and_the_first_restored(executed):
    notebook = executed["04_retrain_compare_promote"]

    assert cell_with(notebook, "verdict = ").startswith("the gate lets it pass")
    assert cell_with(notebook, "bad.evaluation").startswith("3 of 3 metrics are as they should be")
    refusal = cell_with(notebook, "GateRefused")
    tables = [html for html in shown_as_html(notebook).split("<table") if "autumn" in html]
    assert re.search(r"not worse +REFUSED .*workflows: CRPS worse", refusal)
    assert re.search(r"calibration +passed", refusal)
    # After the promotion, after the refusal, after going back.
    assert [current_of(html) for html in tables] == ["winter", "winter", "autumn"]


def current_of(html: str) -> str:
    """Give the note of the version that a table of versions says is current."""
    rows = [re.findall(r"<td>(.*?)</td>", row) for row in html.split("<tr")]
    (note,) = [row[0] for row in rows if row and row[5] == "True"]
    return note


def test_the_points_lost_add_up_and_the_what_if_reaches_a_six(executed):
    notebook = executed["05_explain_an_account"]

    score, lost = re.search(r"([\d.]+) \+ ([\d.]+) = 10", printed(notebook)).groups()
    metrics, reached = re.search(r"(\d+) metrics make it a ([\d.]+):", printed(notebook)).groups()
    assert float(score) + float(lost) == pytest.approx(10, abs=0.011)
    assert float(score) == pytest.approx(4, abs=0.05)
    assert float(reached) >= 6
    assert 1 <= int(metrics) <= 5


def test_they_leave_no_process_and_no_file_outside_build(executed, folder, before):
    until = time.monotonic() + 10
    while processes(MARK) and time.monotonic() < until:
        time.sleep(0.2)

    assert processes(MARK) == []
    assert files_outside_build(folder) == before
    assert {path.name for path in (folder / "build").iterdir()} == {"notebooks"}


def test_run_again_in_the_same_place_a_notebook_shows_the_same(executed, folder):
    (name,) = names = ["02_one_metric_by_eye"]

    again = execute(folder, names, MARK)

    assert pictures(again[name]) == pictures(executed[name])
    assert shown_as_html(again[name]) == shown_as_html(executed[name])
