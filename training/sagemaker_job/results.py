"""Writes what is kept of a job: the artifact as the model, what people read as output."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.scoring.artifact import SERVED, read_files
from serving.scoring.manifest import MANIFEST
from training.atomic_files import arriving_together
from training.errors import TooManyRefused
from training.sagemaker_job.model_place import REPLACED, check_model_place, remove
from training.training_accounts import TrainingAccounts

#: Models for data scientists; they stay in the model.
_BOOSTERS = "boosters/"
REFUSED = "refused_rows.csv"

_log = logging.getLogger(__name__)


def write_model(artifact: Path, folder: Path) -> None:
    """Put an artifact's files into a folder that may be a mount, its manifest last.

    Raises
    ------
    ArtifactError
        As `model_place.check_model_place`.
    OSError
        If it cannot be written; the folder then is as it was.
    """
    names = [*read_files(artifact), MANIFEST]
    older = check_model_place(folder)
    with arriving_together(folder, names) as scratch:
        # First, for whoever finds a part of this: it says what the others are.
        shutil.copyfile(artifact / MANIFEST, scratch / MANIFEST)
        shutil.copytree(artifact, scratch, dirs_exist_ok=True)
        remove(older, folder, kept=scratch / REPLACED)
        for name in names:
            (folder / name).parent.mkdir(exist_ok=True)


@contextmanager
def refusals_listed(folder: Path) -> Iterator[None]:
    """List the refused rows in a folder when there are too many of them."""
    try:
        yield
    except TooManyRefused as error:
        folder.mkdir(parents=True, exist_ok=True)
        error.refusals.write_csv(folder / REFUSED)
        raise


def write_output(artifact: Path, folder: Path, accounts: TrainingAccounts) -> None:
    """Copy what people read of an artifact, and list the rows that were not used."""
    for note in accounts.notes:
        _log.info("%s", note)
    if accounts.refusals.total:
        _log.warning("%s", accounts.refusals.summary())
    for name in read_files(artifact):
        if name not in SERVED and not name.startswith(_BOOSTERS):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(artifact / name, folder / name)
    accounts.refusals.write_csv(folder / REFUSED)
