"""What people get wrong in a notebook: the answer is the command line's, in one sentence."""

import datetime as dt
import tarfile

import numpy as np
import pandas as pd
import pytest

from serving.scoring import InvalidInput
from tests.training.absolute_cards import DATE, HEALTH, make_facts, write_card, write_facts
from training import interactive
from training.build import build

TODAY = dt.date.fromisoformat(DATE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slips")
    build(write_card(folder / "health.yaml", HEALTH), None, folder / "A")
    write_facts(folder / "data", 40)
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return interactive.load(folder / "A")


@pytest.fixture(scope="module")
def table():
    facts = make_facts(40)
    return facts.assign(acct_id=[f"{number:011x}" for number in range(len(facts))])


def test_a_table_with_a_date_is_scored_as_of_a_day(model, folder, table):
    by_table = interactive.score(model, table, scoring_date=TODAY)

    by_folder = interactive.score(model, folder / "data", scoring_date=TODAY)
    earlier = interactive.score(model, folder / "data", scoring_date=TODAY - dt.timedelta(40))
    assert by_table.equals(by_folder)
    assert by_table.equals(interactive.score(model, model.read(folder / "data")))
    assert not by_table.equals(earlier)


def test_a_table_with_a_date_and_no_day_is_told_how_to_give_one(model, table):
    with pytest.raises(InvalidInput, match=r"^last_qbr: .*give scoring_date=datetime\.date\("):
        interactive.score(model, table)


def test_accounts_are_not_scored_as_of_another_day_than_they_were_read_for(model, folder):
    read = model.read(folder / "data", scoring_date=TODAY)

    with pytest.raises(InvalidInput, match="were read for 2026-11-01, not for 2026-11-02"):
        interactive.score(model, read, scoring_date=TODAY + dt.timedelta(1))
    assert interactive.score(model, read, scoring_date=TODAY).equals(interactive.score(model, read))


@pytest.mark.parametrize(
    ("slip", "message"),
    [
        ({"jobs": 0}, "jobs=0: a whole number from 1 is needed"),
        ({"jobs": "2"}, "jobs='2': a whole number from 1 is needed"),
        ({"seed": -1}, "seed=-1: a whole number from 0 is needed"),
        ({"seed": 2**63}, "seed=9223372036854775808: a whole number from 0"),
        ({"seed": 1.5}, "seed=1.5: a whole number from 0 is needed"),
    ],
)
def test_a_fit_takes_the_numbers_that_the_command_takes(folder, tmp_path, slip, message):
    with pytest.raises(InvalidInput) as refused:
        interactive.fit(folder / "data", tmp_path / "B", **slip)

    assert str(refused.value).startswith(message)
    assert not (tmp_path / "B").exists()


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"x": "a"}, "there is no limit 'x'"),
        ({"largest_move": "a"}, "largest_move=a: a number from 0 to 10 is needed"),
        ({"largest_move": None}, "largest_move=None: a number from 0 to 10 is needed"),
    ],
)
def test_a_limit_that_is_none_is_refused_by_name(folder, limits, message):
    with pytest.raises(InvalidInput) as refused:
        interactive.compare(folder / "A", folder / "A", limits=limits, reason="why")

    assert str(refused.value).startswith(message)


def test_numbers_and_switches_are_limits(folder):
    limits = {"largest_move": np.float64(3.5), "allow_other_wire": np.True_, "crps_margin": 0}

    judged = interactive.compare(folder / "A", folder / "A", limits=limits, reason="why")

    changed = {"largest_move": 3.5, "allow_other_wire": True, "crps_margin": 0.0}
    assert judged.report.overrides == changed


def test_what_is_no_name_of_an_input_is_refused_as_one(model, folder, table):
    read = model.read(folder / "data")
    one = interactive.account(model, read, table["acct_id"][0])

    with pytest.raises(InvalidInput, match="there is no input 3 to change; there are "):
        one.what_if({3: 3})
    with pytest.raises(InvalidInput, match="there is no input 3, makro to change"):
        one.what_if({"makro": 1, 3: 3})
    assert isinstance(one.what_if({"usage_tier": "low"}), pd.Series)


def test_the_card_of_an_archive_is_said_to_be_in_it(folder, tmp_path):
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        for path in (folder / "A").iterdir():
            archive.add(path, path.name)
    packed = interactive.load(tmp_path / "model.tar.gz")

    with pytest.raises(InvalidInput, match=r"is an archive: unpack it, and open model_card\.html"):
        _ = packed.card

    assert "model card" not in repr(packed)
    assert interactive.load(folder / "A").card.is_file()
