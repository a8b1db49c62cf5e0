"""Read published artifacts from S3 or a directory: follow the pointer, download, verify.

Knows artifacts and boto3; nothing of HTTP servers, and nothing of training, which publishes.

    current.json                which version is current; the only object that ever changes
    versions/<version>/…        an artifact's files and ``model.tar.gz``; never changed

Read in this order:
    uri.py      addresses and names, strictly
    store.py    the port, and a directory behind it; s3.py: S3
    pointer.py  current.json
    fetch.py    from a pointer to a verified directory; pull, for people
    cache.py    versions on the local disk
    follow.py   the door for serving: what is new, and what was good last
"""

from serving.registry.errors import RegistryError
from serving.registry.fetch import fetch_current, pull
from serving.registry.follow import Candidate, Follower
from serving.registry.uri import is_registry_uri

__all__ = ["Candidate", "Follower", "RegistryError", "fetch_current", "is_registry_uri", "pull"]
