"""What can go wrong between here and a registry.

ArtifactError
└── RegistryError       the operator can fix it; the message says what to look at
    ├── NotFound        there is no such object
    ├── AlreadyThere    an object that was to be new is there
    └── Conflict        somebody writes the same object at this moment; to be tried again
"""

from __future__ import annotations

from serving.scoring.errors import ArtifactError


class RegistryError(ArtifactError):
    """A registry cannot be read or written."""


class NotFound(RegistryError):
    """There is no such object."""


class AlreadyThere(RegistryError):
    """An object that was to be new is there; its content may be the same."""


class Conflict(RegistryError):
    """Two writers met at one object; nothing was written."""
