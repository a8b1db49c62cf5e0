"""Change registries: publish versions, choose the current one, remove old ones.

The write side of ``serving.registry``. What is at an address at any instant:

    versions/<version>/…    an artifact's files, ``publication.json``, ``model.tar.gz``; each is
                            created where there is none and never changed; the manifest comes last
    current.json            the pointer; replaced only by who has read what it replaces

Read in this order:
    objects.py  writing an object, in S3 (and files.py: in a directory)
    pointing.py replacing the pointer
    publish.py, promote.py, rollback.py, remove.py: what people do
    versions.py what there is
"""

from serving.registry.errors import RegistryError
from training.registry.pointing import Promoted
from training.registry.promote import Gate, GateRefused, Skipped, decision, promote
from training.registry.publish import Published, publish
from training.registry.remove import Removed, remove_old_versions
from training.registry.rollback import rollback
from training.registry.versions import VersionRow, list_versions

__all__ = [
    "Gate",
    "GateRefused",
    "Promoted",
    "Published",
    "RegistryError",
    "Removed",
    "Skipped",
    "VersionRow",
    "decision",
    "list_versions",
    "promote",
    "publish",
    "remove_old_versions",
    "rollback",
]
