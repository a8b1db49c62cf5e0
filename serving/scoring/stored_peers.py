"""Reading the fitted part of an artifact: tables, or the models themselves."""

from __future__ import annotations

from serving.scoring.manifest import FORMAT_VERSION
from serving.scoring.peer_tables import read_tables
from serving.scoring.peers import Peers
from serving.scoring.scorecard import Scorecard
from serving.scoring.stored_arrays import StoredArrays
from serving.scoring.stored_forests import read_forests


def read_peers(data: bytes, scorecard: Scorecard, *, version: int = FORMAT_VERSION) -> Peers:
    """Unpack and check what `Peers.to_npz` packed.

    Parameters
    ----------
    version : int
        Of the artifact's format; version 1 knew tables only.

    Raises
    ------
    ArtifactCorrupt
        Naming the array that is missing, unknown, or not what a fit gives.
    """
    arrays = StoredArrays(data)
    peers: Peers
    if version > 1 and arrays.any_under("forests"):
        peers = read_forests(arrays, scorecard)
    else:
        peers = read_tables(arrays, scorecard, version=version)
    arrays.check_all_taken()
    return peers
