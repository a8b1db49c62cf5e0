import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import make_accounts, make_parts, make_scorer

from serving.scoring import ArtifactCorrupt, load_scorer
from serving.scoring.artifact import GOLDEN
from serving.scoring.golden import MIN_ROWS, TOLERANCE, check_golden, make_golden
from serving.scoring.manifest import to_json

SCORER = make_scorer()
PARTS = make_parts()


def test_golden_rows_replay_where_they_were_made() -> None:
    check_golden(make_golden(SCORER, make_accounts(SCORER)), SCORER)


def test_golden_rows_survive_json_bit_for_bit(caplog: pytest.LogCaptureFixture) -> None:
    check_golden(PARTS.golden, SCORER)

    assert not caplog.records


def first_known(rows: list[list[float | None]]) -> tuple[int, int]:
    return next(
        (row, column)
        for row, values in enumerate(rows)
        for column, value in enumerate(values)
        if value is not None and 0.1 < value < 0.9
    )


def shift(key: str, by: float) -> Callable[[dict[str, Any]], None]:
    def change(golden: dict[str, Any]) -> None:
        row, column = first_known(golden["ranks"])
        golden[key][row][column] += by

    return change


def put(key: str, value: Any, row: int = 0, column: int = 0) -> Callable[[dict[str, Any]], None]:
    def change(golden: dict[str, Any]) -> None:
        golden[key][row][column] = value

    return change


def set_to(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda golden: golden.update(values)


def every_row(change: Callable[[list[Any]], Any]) -> Callable[[dict[str, Any]], None]:
    def apply(golden: dict[str, Any]) -> None:
        for key in ("inputs", "ranks", "scores", "flags"):
            change(golden[key])

    return apply


TAMPERED: list[tuple[Callable[[dict[str, Any]], None], str, str]] = [
    (shift("scores", 1), "score of", "a score is another"),
    (shift("scores", 1e-6), "score of", "a score is a little other"),
    (shift("ranks", 1e-6), "peer rank of", "a rank is another"),
    (shift("ranks", 2 * TOLERANCE), "peer rank of", "just beyond what a processor may differ"),
    (put("scores", None, row=1), "golden row 1", "a score has gone"),
    (put("ranks", None, row=2), "golden row 2", "a rank has gone"),
    (lambda golden: golden["flags"].__setitem__(3, golden["flags"][3] ^ 1), "flags", "a flag"),
    (lambda golden: golden["flags"].pop(), "flags", "one flag too few"),
    (lambda golden: golden["flags"].append(0), "flags", "one flag too many"),
    (lambda golden: golden["scores"].pop(), "another number", "one row of scores too few"),
    (lambda golden: golden["ranks"].append([0, 0, 0]), "another number", "one row too many"),
    (lambda golden: [row.pop() for row in golden["scores"]], "another number", "a column less"),
    (every_row(lambda rows: rows.__delitem__(slice(MIN_ROWS - 1, None))), "at least 100 rows",
     "fewer rows prove too little"),
    (every_row(lambda rows: rows.clear()), "at least 100 rows", "no rows prove nothing"),
    (lambda golden: [row.pop() for row in golden["inputs"]], "of 6 inputs", "an input less"),
    (lambda golden: golden["inputs"][0].pop(), "not a table", "a row that is shorter"),
    (put("inputs", "many"), "not a table", "text"),
    (put("inputs", [1]), "not a table", "a list"),
    (put("ranks", {}), "not a table", "a mapping"),
    (put("inputs", 10**400), "not a table", "a number beyond all floats"),
    (set_to(flags=[0.5]), "flags", "no flags"),
    (set_to(flags=0), "flags", "no list of flags"),
    (set_to(flags=[[0]]), "flags", "a table of flags"),
    (set_to(flags=[-1] * 120), "", "a flag below 0"),
    (set_to(flags=[256] * 120), "", "a flag that is no byte"),
    (set_to(flags=None), "", "no flags"),
    (set_to(inputs=5), "", "no rows"),
    (set_to(inputs=None), "", "no rows"),
    (set_to(inputs=[]), "", "no rows"),
    (set_to(inputs=[1.0] * 120), "", "no columns"),
    (set_to(ranks=5), "", "no ranks"),
    (set_to(scores=[[[]]]), "", "no scores"),
    (lambda golden: golden.pop("flags"), "not a table", "flags are not there"),
    (lambda golden: golden.pop("scores"), "not a table", "scores are not there"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message", "why"), TAMPERED)
def test_tampered_golden_rows_refuse_the_artifact(
    change: Callable[[dict[str, Any]], None], message: str, why: str, tmp_path: Path
) -> None:
    golden = PARTS.golden
    change(golden)
    folder = PARTS.with_file(GOLDEN, to_json(golden)).write(tmp_path / "model")

    with pytest.raises(ArtifactCorrupt) as caught:
        load_scorer(folder)

    assert message in str(caught.value), why


@pytest.mark.parametrize("golden", [None, [], {}, "rows", 5])
def test_what_is_no_table_of_golden_rows_is_refused(golden: Any) -> None:
    with pytest.raises(ArtifactCorrupt):
        check_golden(golden, SCORER)


def test_exactly_enough_golden_rows_are_enough() -> None:
    check_golden(make_golden(SCORER, make_accounts(SCORER, MIN_ROWS)), SCORER)


def test_a_rank_that_differs_in_its_last_bits_is_said_and_let_pass(
    caplog: pytest.LogCaptureFixture,
) -> None:
    golden = PARTS.golden
    row, column = first_known(golden["ranks"])
    golden["ranks"][row][column] = float(np.nextafter(golden["ranks"][row][column], 1))

    with caplog.at_level(logging.WARNING):
        check_golden(golden, SCORER)

    assert "1 peer ranks differ in their last bits" in caplog.text


def test_a_score_that_a_last_bit_tips_over_is_let_pass() -> None:
    golden = PARTS.golden
    row, column = first_known(golden["ranks"])
    golden["ranks"][row][column] = float(np.nextafter(golden["ranks"][row][column], 1))
    golden["scores"][row][column] += 1

    check_golden(golden, SCORER)


def test_golden_rows_of_other_tables_refuse_the_artifact(tmp_path: Path) -> None:
    other = make_parts(seed=8).files[GOLDEN]

    with pytest.raises(ArtifactCorrupt, match="golden row 0"):
        load_scorer(PARTS.with_file(GOLDEN, other).write(tmp_path / "model"))


def test_a_mismatch_names_row_and_column_and_both_values() -> None:
    golden = PARTS.golden
    golden["ranks"][7][1] = 0.123

    with pytest.raises(ArtifactCorrupt, match=r"golden row 7: peer rank of rate is .*0\.123"):
        check_golden(golden, SCORER)
