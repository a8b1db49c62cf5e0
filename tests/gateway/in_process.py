"""The gateway's app without a server around it."""

from werkzeug.test import Client

from serving.gateway.admission import Admission
from serving.gateway.app import create_app
from serving.gateway.callers import Callers
from serving.gateway.counting import storage_uri
from serving.gateway.keyring import KeyRing
from serving.gateway.keys_file import list_keys, pepper_beside, read_pepper
from serving.gateway.limits import Limiter
from serving.gateway.routes import Doors
from serving.gateway.upstream import Upstream
from serving.web.slots import Shares, Slots
from tests.gateway.fakes import Keys


def ring_of(keys: Keys) -> KeyRing:
    return KeyRing(list_keys(keys.path), read_pepper(pepper_beside(keys.path)))


def client_of(
    upstream: Upstream, ring: KeyRing, *, header: str = "x-api-key", **doors: object
) -> Client:
    """Give a client of an app; further arguments are those of `Doors`."""
    callers = Callers(header, ring.find, None)
    limiter = Limiter(storage_uri("memory://"), failures="10000/second")
    told = {
        "stage": "default",
        "endpoint": "css",
        "mode": "proxy",
        "is_ready": upstream.is_ready,
        "slots": Slots(8),
        "senders": Shares(8, total=16),
        "took": lambda _: None,
        **doors,
    }
    admit = Admission(callers.authenticate, limiter).admit
    return Client(create_app(Doors(admit=admit, upstream=upstream, **told)))
