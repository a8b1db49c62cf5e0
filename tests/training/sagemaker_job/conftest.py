"""One set of tables and one finished job for all tests here."""

from contextlib import redirect_stdout

import pytest
from job_folders import INPUTS, JobFolder, digests, write_tables

from tests.made_once import made_once
from training.data_digest import data_sha256
from training.tables import read_accounts


@pytest.fixture(scope="session")
def tables(tmp_path_factory):
    """Three CSVs of 500 accounts; nobody may change them."""
    return (
        made_once(tmp_path_factory, "job-tables", lambda folder: write_tables(folder / "csv"))
        / "csv"
    )


@pytest.fixture
def job(tmp_path, tables):
    """A job that is ready to run."""
    return JobFolder(tmp_path / "ml", tables)


@pytest.fixture
def bare(job):
    """A job without its channel of accounts."""
    job.channel("train").unlink()
    return job


@pytest.fixture
def expected(tables):
    """The hash of the accounts in the tables."""
    return data_sha256(read_accounts(tables, INPUTS, peer_dimensions=["acct_age"]).frame)


@pytest.fixture(scope="session")
def finished(tmp_path_factory, tables):
    """A job that ran without a break; nobody may change it."""

    def make(folder):
        with (folder / "said").open("w") as said, redirect_stdout(said):
            assert JobFolder(folder / "ml", tables).run() == 0

    return made_once(tmp_path_factory, "job-finished", make) / "ml"


@pytest.fixture(scope="session")
def model_bytes(finished):
    """The model of an uninterrupted run, as digests."""
    return digests(finished / "model")
