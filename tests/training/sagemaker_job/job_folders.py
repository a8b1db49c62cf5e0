"""Training jobs as SageMaker lays them out in a folder, started as it starts them."""

import gzip
import hashlib
import json
import os
import subprocess
from pathlib import Path

from serving.scoring.column import Input
from tests.processes import BIN
from training.reading.table_files import AccountFiles
from training.sagemaker_job.channels import account_files, find_channels
from training.sagemaker_job.job import read_job
from training.sagemaker_job.places import find_places
from training.sagemaker_job.program import run
from training.sagemaker_job.stopping import Stopping
from training.synthetic import sample_accounts
from training.tables import Accounts, read_accounts

METRICS = ("bots", "workflowrules", "activation_rate")
CARD = """
schema: scorecard/v1
id: small
scale: {type: out_of_10, step: 1}
peer_dimensions: [acct_age, acct_size]
metrics:
  bots: {kind: peer}
  workflowrules: {kind: peer}
  activation_rate: {kind: peer}
components: {use: {weight: 1, metrics: {bots: 1, workflowrules: 1, activation_rate: 1}}}
"""


TABLES = ("peer_dims", "product_metrics", "usage_metrics")
INPUTS = [
    Input(name) for name in ("acct_age", "acct_size", "bots", "workflowrules", "activation_rate")
]


def write_tables(folder: Path, accounts: int = 500) -> Path:
    """The three tables as CSVs."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in sample_accounts(accounts, seed=3).items():
        frame.to_csv(folder / f"{Path(name).stem}.csv", index=False)
    return folder


class JobFolder:
    """What is at /opt/ml in a training container."""

    def __init__(self, root: Path, tables: Path, **hyperparameters: str) -> None:
        self.root = root
        self.model = root / "model"
        self.output = root / "output" / "data"
        self.checkpoints = root / "checkpoints"
        for name in ("input/config", "input/data/scorecard", "checkpoints"):
            (root / name).mkdir(parents=True)
        (root / "input/data/scorecard/card.yaml").write_text(CARD)
        self.channel("train").symlink_to(tables)
        self.configure("hyperparameters", hyperparameters)

    def channel(self, name: str) -> Path:
        return self.root / "input" / "data" / name

    def configure(self, name: str, value: object) -> None:
        (self.root / "input" / "config" / f"{name}.json").write_text(json.dumps(value))

    def environ(self, **more: str) -> dict[str, str]:
        return {"SAGEMAKER_BASE_DIR": str(self.root), **more}

    def run(self, **environ: str) -> int:
        """Run the job in this process; gives its exit code."""
        return run(self.environ(**environ), Stopping())

    def start(self, **environ: str) -> subprocess.Popen[str]:
        """Start `train` as a container does."""
        return subprocess.Popen(
            [BIN / "train"],
            env={**os.environ, **self.environ(**environ)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def failure(self) -> str:
        """What SageMaker would show of a failure."""
        return (self.root / "output" / "failure").read_text()[:1024]


def files(job: JobFolder, **environ: str) -> AccountFiles:
    """The files that the channels of a job hold."""
    given = job.environ(**environ)
    places = find_places(given)
    return account_files(find_channels(places, read_job(places, given)), TABLES)


def read(job: JobFolder, **environ: str) -> Accounts:
    """The accounts in them."""
    return read_accounts(files(job, **environ), INPUTS, peer_dimensions=["acct_age", "acct_size"])


def split(path: Path, parts: int) -> list[str]:
    """A CSV as several, each with the header."""
    header, *rows = path.read_text().splitlines(keepends=True)
    return [header + "".join(rows[part::parts]) for part in range(parts)]


def digests(folder: Path) -> dict[str, str]:
    """The hash of every file below."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def compress(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(source.read_bytes()))
