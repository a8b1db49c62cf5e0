"""Where a worker's models come from: a path, which is read once, or a registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from serving.inference.served_model import ServedModel
from serving.registry import Candidate, Follower, is_registry_uri
from serving.scoring import ScoringError

#: Gives the model that is at a path, its golden rows replayed, or raises ScoringError.
Load = Callable[[Path], ServedModel]


@dataclass(frozen=True, slots=True)
class Offer:
    """A model, and what to do once it is in use.

    Attributes
    ----------
    model : ServedModel
    accept : callable
        Remembers the model for a start without its origin; raises RegistryError.
    """

    model: ServedModel
    accept: Callable[[], None] = lambda: None


class Origin(Protocol):
    """Where models come from."""

    @property
    def changes(self) -> bool:
        """Whether there can be another model after the first."""

    def newer(self) -> Offer | None:
        """Give a model other than the one in use, or None; raises whatever goes wrong."""

    def last_accepted(self) -> Offer | None:
        """Give the model that was good last, from this machine alone; None if there is none."""


class AtPath:
    """An artifact directory or archive."""

    changes = False

    def __init__(self, path: Path, load: Load) -> None:
        self._path = path
        self._load = load

    def newer(self) -> Offer:
        """Give the model."""
        return Offer(self._load(self._path))

    def last_accepted(self) -> None:
        """Give nothing: of a path nothing is remembered."""


class InRegistry:
    """A registry whose pointer is followed."""

    changes = True

    def __init__(self, follower: Follower, load: Load) -> None:
        self._follower = follower
        self._load = load

    def newer(self) -> Offer | None:
        """Give the model that the pointer names, if it is another one."""
        if not self._follower.in_use:
            # While there is none, one that was refused may be good by now.
            self._follower.forget()
        candidate = self._follower.poll()
        if candidate is None:
            return None
        try:
            return self._offer(candidate)
        except Exception as error:
            self._follower.refuse(candidate, for_good=isinstance(error, ScoringError))
            raise

    def last_accepted(self) -> Offer | None:
        """Give the model that was accepted last, from the cache."""
        candidate = self._follower.last_accepted()
        if candidate is None:
            return None
        # It is remembered already; to remember it again might take as long as the registry does.
        return Offer(self._load(candidate.folder), partial(self._follower.resume, candidate))

    def _offer(self, candidate: Candidate) -> Offer:
        return Offer(self._load(candidate.folder), partial(self._follower.accept, candidate))


def origin_of(place: str, cache: Path, load: Load) -> AtPath | InRegistry:
    """Give the origin that `place` names: a path, or the address of a registry."""
    if is_registry_uri(place):
        return InRegistry(Follower(place, cache), load)
    return AtPath(Path(place), load)
