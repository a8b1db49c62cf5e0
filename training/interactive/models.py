"""Fit a scorecard, open what was fitted, and measure how right it is."""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path

import pandas as pd

from serving.scoring import InvalidInput, Scorer, load_scorer
from serving.scoring.archive import open_files
from serving.scoring.artifact import read_files
from serving.scoring.manifest import MANIFEST, MAX_MANIFEST_BYTES, from_json
from training.batch import read_for, split_of
from training.cards import EVALUATION, PAGE
from training.definition import default_scorecard
from training.inspection import peer_curves
from training.interactive.accounts import ReadAccounts, from_accounts, read_columns
from training.interactive.evaluation import Evaluation
from training.interactive.showing import Shown
from training.peer_surfaces import PeerSurfaces, peer_surfaces
from training.plots import Picture, curves_figure, effective_peers_figure, medians_figure
from training.progress import progress_bar
from training.tables import Accounts
from training.train import evaluate_artifact, train

_JOBS = 2


@dataclass(frozen=True, eq=False, repr=False)
class Model(Shown):
    """A fitted scorecard, and the artifact it lies in.

    Attributes
    ----------
    path : Path
        The artifact: a directory, or a ``model.tar.gz``.
    scorer : Scorer
        What serves it.
    evaluation : Evaluation or None
        As training measured it; None if the artifact carries none.
    accounts : ReadAccounts or None
        What it was fitted to; None if it was loaded, not fitted.
    """

    path: Path
    scorer: Scorer
    evaluation: Evaluation | None
    accounts: ReadAccounts | None = None

    @property
    def version(self) -> str:
        """The hash that names its content."""
        return self.scorer.artifact.version

    @property
    def card(self) -> Path:
        """The model card, to be opened in a browser.

        Raises
        ------
        InvalidInput
            If the artifact is an archive: a browser opens no card in it.
        """
        if not self.path.is_dir():
            raise InvalidInput(f"{self.path} is an archive: unpack it, and open {PAGE} in it")
        return self.path / PAGE

    def figure(self) -> Picture:
        """Draw median and quartiles of the peers along the first number they are compared by."""
        return curves_figure(peer_curves(self.scorer))

    def medians(self) -> Picture:
        """Draw the median of the peers over two peer dimensions, metric by metric.

        Raises
        ------
        InvalidInput
            If peers are compared by one number only: `figure` draws that.
        """
        return medians_figure(self._surfaces())

    def effective_peers(self) -> Picture:
        """Draw how many accounts inform a score, over two peer dimensions; raises as `medians`."""
        return effective_peers_figure(self._surfaces())

    def unchanged_path(self) -> Path:
        """Give the artifact's path if it still holds this version.

        Raises
        ------
        InvalidInput
            If another one has taken its place meanwhile.
        """
        there = open_files(self.path).read(MANIFEST, MAX_MANIFEST_BYTES)
        if not hashlib.sha256(there).hexdigest().startswith(self.version):
            raise InvalidInput(
                f"{self.path} holds another version than {self.version}, which was loaded from "
                "it: load it again, or fit to another place"
            )
        return self.path

    def read(
        self,
        data: str | Path,
        *,
        max_refused: float = 0.01,
        scoring_date: dt.date | None = None,
    ) -> ReadAccounts:
        """Read the accounts of a folder, with the inputs of this model; see `interactive.read`."""
        dimensions = tuple(column.name for column in self.scorer.scorecard.peer_dimensions)
        return read_columns(
            data, self.scorer.inputs, dimensions,
            events=self.scorer.scorecard.tree.get("events", {}),
            max_refused=max_refused, scoring_date=scoring_date,
        )  # fmt: skip

    def _surfaces(self) -> PeerSurfaces:
        surfaces = peer_surfaces(self.scorer)
        if surfaces is None:
            raise InvalidInput("peers are compared by one number only; .figure() draws it")
        return surfaces

    def _heading(self) -> str:
        return f"{self.scorer.scorecard.id}, version {self.version}"

    def _facts(self) -> Mapping[str, object]:
        card = self.scorer.scorecard
        facts: dict[str, object] = {
            "artifact": self.path,
            "compares by": ", ".join(column.name for column in card.peer_dimensions) or "nothing",
            "metrics": ", ".join(metric.name for metric in card.metrics),
            "scale": f"0 to {card.scale.maximum:g}",
        }
        if self.accounts is not None:
            facts["fitted to"] = (
                f"{len(self.accounts):,} accounts; {self.accounts.refused_rows:,} rows refused"
            )
        if self.evaluation is not None:
            facts["how right"] = repr(self.evaluation).splitlines()[0]
        if PAGE in self.scorer.artifact.manifest["files"] and self.path.is_dir():
            facts["model card"] = self.card
        return facts

    def _table(self) -> pd.DataFrame | None:
        return None if self.evaluation is None else self.evaluation.frame().round(4)


def fit(
    data: str | Path,
    out: str | Path,
    scorecard: str | Path | None = None,
    *,
    seed: int = 0,
    jobs: int = _JOBS,
    max_refused: float = 0.01,
    scoring_date: dt.date | None = None,
) -> Model:
    """Fit a scorecard, evaluate it on accounts kept out, and write its artifact to `out`.

    Parameters
    ----------
    data : str or Path
        A folder: ``peer_dims.csv`` says which accounts there are.
    scorecard : str or Path, optional
        A definition; the one of the sample if not given.
    seed : int
        The same accounts, scorecard and seed give the same version.
    jobs : int
        Metrics fitted at once; the artifact does not depend on it.
    max_refused : float
        The share of rows, 0 to 1, that may be refused.
    scoring_date : date, optional
        Dates become days before it; the newest ``last_updated`` if not given.

    Raises
    ------
    InvalidInput
        If definition, data, `seed` or `jobs` cannot be used. `out` is then as it was.
    ArtifactError
        If `out` cannot be written.
    """
    _check_whole("seed", seed, lowest=0)
    _check_whole("jobs", jobs, lowest=1)
    place = Path(out)
    with progress_bar("metrics fitted") as done:
        run = train(
            Path(data),
            Path(scorecard) if scorecard else default_scorecard(),
            place,
            seed=seed,
            jobs=jobs,
            # A notebook shows the accounts, so they are in memory in any case.
            memory_bytes=sys.maxsize,
            max_refused_share=max_refused,
            scoring_date=scoring_date,
            done=done,
        )
    found = Accounts(
        run.accounts.table(), run.accounts.refusals, run.accounts.notes, run.accounts.newest
    )
    accounts = from_accounts(found, scoring_date)
    return Model(place, run.scorer, Evaluation(run.evaluation), accounts)


def _check_whole(name: str, given: object, *, lowest: int) -> None:
    if not isinstance(given, Integral) or not lowest <= int(given) < 2**63:
        raise InvalidInput(f"{name}={given!r}: a whole number from {lowest} is needed")


def load(artifact: str | Path) -> Model:
    """Open an artifact: every byte is verified, its golden rows are replayed.

    Raises
    ------
    ArtifactError
        If it is missing, altered, or of another format version.
    """
    place = Path(artifact)
    scorer = load_scorer(place)
    files = read_files(place)
    told = from_json(files[EVALUATION], EVALUATION) if EVALUATION in files else None
    return Model(place, scorer, None if told is None else Evaluation(told))


def as_model(model: Model | str | Path) -> Model:
    """Give a model that was given, or load the artifact at a path."""
    return model if isinstance(model, Model) else load(model)


def evaluate(
    model: Model | str | Path,
    data: str | Path,
    *,
    everyone: bool = False,
    max_refused: float = 0.01,
    scoring_date: dt.date | None = None,
) -> Evaluation:
    """Measure how right the scores are on accounts that the fit has not seen.

    Parameters
    ----------
    everyone : bool
        All accounts of `data`, not only those that training would have kept out.

    Raises
    ------
    DataError
        If none of the accounts was kept out, or the files cannot be used.
    """
    path = as_model(model).unchanged_path()
    moment = None if scoring_date is None else dt.datetime.combine(scoring_date, dt.time())
    scorer, accounts, date = read_for(path, Path(data), max_refused, moment)
    split = None if everyone else split_of(scorer, accounts)
    return Evaluation(evaluate_artifact(scorer, accounts, split, scoring_date=date, jobs=_JOBS))
