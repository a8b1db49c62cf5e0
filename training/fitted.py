"""What an artifact holds beside its definition: what was learned from accounts, if anything was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from serving.scoring.artifact import TABLES, Artifact
from serving.scoring.peers import Peers
from serving.scoring.risk_models import RISKS, pack_risks, read_risks
from serving.scoring.risk_trees import BoostedRisk
from serving.scoring.scorecard import Scorecard
from serving.scoring.scorer import Scorer
from serving.scoring.stored_overlay import OVERLAY
from serving.scoring.stored_peers import read_peers


@dataclass(frozen=True, eq=False)
class Fitted:
    """Tables of peers, classifiers and the overlay: each as far as there is one.

    Attributes
    ----------
    tables : Peers or None
        None where no metric is compared with peers.
    risks : mapping of str to BoostedRisk
        By name.
    overlay : bytes or None
        As it is stored.
    """

    tables: Peers | None = None
    risks: Mapping[str, BoostedRisk] = field(default_factory=dict)
    overlay: bytes | None = None

    def files(self) -> dict[str, bytes]:
        """Give the files of an artifact that hold this."""
        packed = {TABLES: self._packed_tables, RISKS: self._packed_risks, OVERLAY: self.overlay}
        return {name: data for name, data in packed.items() if data is not None}

    def scorer(self, scorecard: Scorecard) -> Scorer:
        """Give the scorer of what is packed and read back: what serving will score with.

        It knows no overlay, which changes no score.
        """
        tables, risks = self._packed_tables, self._packed_risks
        return Scorer(
            Artifact(
                scorecard=scorecard,
                inputs=scorecard.inputs,
                tables=None if tables is None else read_peers(tables, scorecard),
                golden={},
                manifest={},
                version="",
                models={} if risks is None else read_risks(risks),
            )
        )

    def with_overlay(self, overlay: bytes) -> Fitted:
        """Give the same with an overlay."""
        return replace(self, overlay=overlay)

    @cached_property
    def _packed_tables(self) -> bytes | None:
        return None if self.tables is None else self.tables.to_npz()

    @cached_property
    def _packed_risks(self) -> bytes | None:
        return pack_risks(self.risks) if self.risks else None
