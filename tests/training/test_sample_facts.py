from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.signals.signal import Status
from training.cli.data import data
from training.definition import default_scorecard, read_definition
from training.synthetic.facts import FACTS, TODAY, write_facts
from training.tables import Accounts, read_accounts

CARDS = default_scorecard().parent
SAMPLE = CARDS.parent / "sample"
SEED = 2026


def peers_of(card: str) -> pd.DataFrame:
    everybody = pd.read_csv(SAMPLE / "peer_dims.csv", dtype={"acct_id": str})
    if card == "account_health":
        return everybody[["acct_id"]]
    return everybody.head(1000)


def read_facts(card: str) -> Accounts:
    definition = read_definition(CARDS / f"{card}.yaml")
    return read_accounts(
        SAMPLE / card,
        definition.columns(),
        peer_dimensions=[column.name for column in definition.peer_dimension_inputs],
        events={
            name: event.model_dump(exclude_none=True)
            for name, event in (definition.events or {}).items()
        },
    )


def encoded(column: Input, values: pd.Series) -> NDArray[np.float64]:
    if column.type == "date":
        return ((TODAY - values.to_numpy()) / np.timedelta64(1, "D")).astype(float)
    if column.type == "category":
        codes = {label: code for code, label in enumerate(column.categories)}
        return values.map(codes).to_numpy(float)
    return values.to_numpy(float)


@pytest.mark.parametrize(
    ("card", "accounts"), [("account_health", 5000), ("customer_success_score", 1000)]
)
def test_the_command_writes_the_committed_bytes(card: str, accounts: int, tmp_path: Path) -> None:
    whose = ["--peers", str(SAMPLE / "peer_dims.csv"), "--accounts", str(accounts)]

    ended = CliRunner().invoke(data, ["facts", card, *whose, "--out", str(tmp_path / "made")])

    assert ended.output == f"{accounts:,} accounts in {tmp_path / 'made'}\n"
    made = {path.name: path.read_bytes() for path in (tmp_path / "made").iterdir()}
    assert made == {path.name: path.read_bytes() for path in (SAMPLE / card).iterdir()}


@pytest.mark.parametrize("card", FACTS)
def test_another_seed_gives_other_facts(card: str, tmp_path: Path) -> None:
    for seed in (1, 2):
        write_facts(tmp_path / str(seed), card, peers_of(card).head(50), seed)

    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / str(seed)).iterdir()}
        for seed in (1, 2)
    )
    assert all(one[name] != two[name] for name in one if name != "peer_dims.csv")


@pytest.mark.parametrize(
    ("card", "accounts"), [("account_health", 5000), ("customer_success_score", 1000)]
)
def test_the_committed_facts_are_all_read(card: str, accounts: int) -> None:
    read = read_facts(card)

    assert len(read.frame) == accounts
    assert read.refusals.total == 0
    assert read.frame["acct_id"].str.fullmatch("[0-9a-f]{11}").all()


@pytest.mark.parametrize("card", FACTS)
def test_the_facts_are_as_uneven_as_real_ones(card: str) -> None:
    frame = read_facts(card).frame
    seen: set[Status] = set()
    for metric in read_definition(CARDS / f"{card}.yaml").absolute_metrics:
        columns = [encoded(column, frame[column.name]) for column in metric.inputs]

        judged = metric.judging({})(columns)

        seen |= {Status(status) for status in np.unique(judged.statuses)}
        if metric.kind != "learned_risk":
            known = judged.points[judged.statuses == Status.OK]
            assert len(known) > 0.2 * len(frame), metric.name
            assert len(np.unique(known)) > 1, metric.name
    expected = {Status.OK, Status.MISSING, Status.STALE, Status.NO_DENOMINATOR}
    others = {
        "account_health": {Status.NOT_APPLICABLE, Status.MODEL_MISSING},
        "customer_success_score": {Status.NO_HISTORY},
    }
    assert seen == expected | others[card]
