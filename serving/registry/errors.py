"""What can go wrong between here and a registry.

ArtifactError
└── RegistryError       the operator can fix it; the message says what to look at
    ├── NotFound        there is no such object
    ├── BadVersion      what the pointer names must not be used; trying again is of no use
    ├── TooLarge        an object is larger than whoever reads it allows
    ├── AlreadyThere    an object that was to be new is there
    ├── Changed         an object that was to be replaced is not the one that was read
    └── Conflict        somebody writes the same object at this moment; to be tried again
"""

from __future__ import annotations

from serving.scoring.errors import ArtifactError


class RegistryError(ArtifactError):
    """A registry cannot be read or written."""


class NotFound(RegistryError):
    """There is no such object."""


class BadVersion(RegistryError):
    """What the pointer names must not be used, and that stays so until the pointer moves."""


class TooLarge(RegistryError):
    """An object is larger than whoever reads it allows."""


class AlreadyThere(RegistryError):
    """An object that was to be new is there; its content may be the same."""


class Changed(RegistryError):
    """Somebody else replaced the object since it was read; nothing was written."""


class Conflict(RegistryError):
    """Two writers met at one object; nothing was written."""
