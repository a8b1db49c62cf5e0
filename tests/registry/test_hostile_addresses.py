"""Addresses that are refused before anything is opened, and are not repeated."""

import http.client
from contextlib import suppress
from pathlib import Path

import pytest
from hostile_addresses import HOSTILE
from registries import InS3

from serving.inference.settings import InferenceSettings
from serving.registry import RegistryError, fetch_current, pull
from serving.registry.uri import parse_uri
from serving.web.settings import SettingsError, read_settings
from tests.audit import CONNECTED, watched
from training.registry import publish

#: Such short ones are part of any sentence about addresses.
LONGEST_IN_A_MESSAGE = len("file:///")


def read_as_setting(text: str, _: Path) -> None:
    if "://" not in text:
        raise RegistryError("a setting without :// is a path, and no registry is asked")
    read_settings(InferenceSettings, {"SCORECARD_MODEL": text})


USES = {
    "fetch": fetch_current,
    "pull": pull,
    "publish": lambda text, path: publish(path, text),
    "parse": lambda text, _: parse_uri(text),
    "serve": read_as_setting,
}


def test_a_hundred_and_fifty_addresses_are_told_apart() -> None:
    assert len({text for text, _ in HOSTILE}) == len(HOSTILE) >= 150


@pytest.mark.parametrize(
    ("text", "why"), HOSTILE, ids=[f"{n} {why}" for n, (_, why) in enumerate(HOSTILE)]
)
def test_a_hostile_address_is_refused_before_a_socket_is_opened_and_not_repeated(
    text: str, why: str, tmp_path: Path
) -> None:
    for use in USES.values():
        with (
            watched(*CONNECTED) as opened,
            pytest.raises((RegistryError, SettingsError)) as caught,
        ):
            use(text, tmp_path / "target")

        assert opened == [], why
        said = str(caught.value)
        assert "hush" not in said
        assert text not in said or len(text) <= LONGEST_IN_A_MESSAGE
        assert len(said) < 400

    assert list(tmp_path.iterdir()) == []


def test_a_socket_that_is_opened_is_seen(s3: InS3, tmp_path: Path) -> None:
    with watched(*CONNECTED) as opened:
        with pytest.raises(RegistryError, match="nothing is published"):
            fetch_current(s3.uri, tmp_path, client=s3.client)
        with suppress(OSError):
            http.client.HTTPConnection("nowhere.invalid").connect()

    assert {"socket.connect", "socket.getaddrinfo"} <= {event for event, _ in opened}
