"""Where accounts are read to: into memory, or onto the disk where they are many and counts do."""

import pytest

from tests.training.account_folders import write
from training.bulk.processes import ALONE
from training.definition import EstimatorOptions, parse_definition
from training.errors import DataError
from training.gathering import gathered
from training.training_accounts import InMemory, InStore

HEAD = "schema: scorecard/v1\nid: test\nscale: {type: out_of_10, step: 1}\n"
PLAIN = HEAD + (
    "peer_dimensions: [acct_age]\nmetrics:\n  use: {kind: peer}\n"
    "components: {all: {weight: 1, metrics: {use: 1}}}\n"
)
PEERS = "\n".join(f"a{number},{number},3,4,5" for number in range(60))
ROWS = "\n".join(f"a{number},{number},{number / 7},{number % 5}" for number in range(60))


@pytest.fixture
def folder(tmp_path):
    return write(
        tmp_path,
        peer_dims="acct_id,acct_age,acct_size,other,last\n" + PEERS,
        usage="acct_id,use,calls,other_calls\n" + ROWS,
    )


def gather(folder, card, *, estimator=None, memory_bytes=1, **options):
    given = {"scoring_date": None, "max_refused_share": 0.0, "workers": ALONE} | options
    definition = parse_definition(card, source="card.yaml")
    return gathered(definition, folder, estimator=estimator, memory_bytes=memory_bytes, **given)


def place(folder, card=PLAIN, **options):
    with gather(folder, card, **options) as accounts:
        return type(accounts.place)


def test_accounts_that_do_not_fit_into_memory_are_joined_on_the_disk(folder):
    sizes = sum(path.stat().st_size for path in folder.iterdir())

    assert place(folder) is InStore
    assert place(folder, memory_bytes=8 * sizes - 1) is InStore
    assert place(folder, memory_bytes=8 * sizes) is InMemory


MORE = {
    "a comparison of `peers`": PLAIN + "peers: {dimensions: [acct_age], minimum_group: 10}\n",
    "a learned risk": PLAIN.replace(
        "components: {all: {weight: 1, metrics: {use: 1}}}",
        "  risk: {kind: learned_risk, model: renewal, inputs: [calls]}\n"
        "components: {all: {weight: 1, metrics: {use: 1, risk: 1}}}",
    ),
    "an estimator that needs values": PLAIN.replace(
        "{kind: peer}", "{kind: peer, estimator: {name: parametric, family: gamma}}"
    ),
    "four numbers to compare by": PLAIN.replace("[acct_age]", "[acct_age, acct_size, other, last]"),
}


@pytest.mark.parametrize("why", sorted(MORE))
def test_a_card_that_needs_more_than_counts_is_trained_in_memory_however_many(folder, why):
    assert place(folder, MORE[why]) is InMemory


def test_an_estimator_asked_for_all_metrics_decides_only_for_those_that_ask_for_none(folder):
    named = PLAIN.replace("{kind: peer}", "{kind: peer, estimator: {name: marginal}}")
    asked = EstimatorOptions("parametric", family="gamma")

    assert place(folder, estimator=asked) is InMemory
    assert place(folder, named, estimator=asked) is InStore
    assert place(folder, estimator=EstimatorOptions("marginal")) is InStore


@pytest.mark.parametrize("memory_bytes", [1, 10**9])
def test_the_accounts_are_the_same_wherever_they_are(folder, memory_bytes):
    with (
        gather(folder, PLAIN, memory_bytes=10**9) as expected,
        gather(folder, PLAIN, memory_bytes=memory_bytes) as found,
    ):
        assert len(found) == len(expected) == 60
        assert found.place.data_sha256() == expected.place.data_sha256()
        assert found.place.split_counts.tolist() == expected.place.split_counts.tolist()
        assert found.kept_out == expected.kept_out
        evaluated, others = (
            each.to_evaluate().sort_values("acct_id", ignore_index=True)
            for each in (found, expected)
        )
        assert evaluated.equals(others[evaluated.columns])


def test_all_accounts_at_once_are_given_in_memory_only(folder):
    with gather(folder, PLAIN, memory_bytes=10**9) as accounts:
        assert len(accounts.table()) == 60
    with gather(folder, PLAIN) as accounts, pytest.raises(DataError, match="in memory"):
        accounts.table()


def test_nothing_is_left_on_the_disk_when_the_block_ends(folder, tmp_path_factory, monkeypatch):
    scratch = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr("tempfile.tempdir", str(scratch))

    with gather(folder, PLAIN):
        assert list(scratch.iterdir())
    assert not list(scratch.iterdir())
