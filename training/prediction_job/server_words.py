"""What a server said, as it may stand in logs and in the state: one short line without the key.

A server may repeat what it was sent, headers too, in an error or in an answer.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from urllib.parse import quote

_SHOWN_CHARACTERS = 300
_INSTEAD = "[key]"
#: A shorter key stands in other words by chance, and guards nothing.
_SHORTEST_SECRET = 8


class ServerWords:
    """Makes a server's words fit to be shown and kept.

    Parameters
    ----------
    key : str
        What must not be shown; where a word stands before it, as in "Bearer x", what follows
        neither.
    """

    def __init__(self, key: str = "") -> None:
        self._secret = key.rsplit(maxsplit=1)[-1] if key.strip() else ""
        forms = {form for secret in (key, self._secret) for form in _written(secret)}
        # The longest first: what is in another must not break it.
        self._forms = sorted(forms - {""}, key=len, reverse=True)

    def shown(self, said: str | bytes) -> str:
        """Give words in one line of at most 300 characters, without the key."""
        text = _decoded(said) if isinstance(said, bytes) else said
        # Half a surrogate pair cannot be written anywhere.
        text = text.encode("utf-8", "replace").decode()
        # Before it is cut: half a key would be told, too.
        for form in self._forms:
            text = text.replace(form, _INSTEAD)
        text = " ".join(text.split())
        return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"

    def tell_key(self, text: str) -> bool:
        """Say whether the key stands in a text that is to be kept as it is."""
        return len(self._secret) >= _SHORTEST_SECRET and self._secret in text


def _decoded(body: bytes) -> str:
    try:
        # JSON may write every letter as an escape; written again, it has none that it needs not.
        return json.dumps(json.loads(body), ensure_ascii=False)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def _written(secret: str) -> Iterator[str]:
    yield secret
    yield json.dumps(secret)[1:-1]
    yield repr(secret)[1:-1]
    yield html.escape(secret)
    yield quote(secret, safe="")
