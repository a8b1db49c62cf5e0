"""A gateway that is told wrong things names all of them, ends with 2 and listens to nobody (98)."""

import contextlib
import socket
import subprocess
import sys
import threading

import pytest

from serving.gateway.server import Gateway, main
from tests.gateway.fakes import START, clean_environ
from tests.gateway.misconfigured import MARK, WRONG, right


class Listens(Exception):
    """Somebody would have begun to listen."""


@pytest.fixture
def no_listener(monkeypatch):
    def listen(*_):
        raise Listens

    monkeypatch.setattr(socket.socket, "listen", listen)
    monkeypatch.setattr(Gateway, "run", listen)


def test_there_are_forty_of_them_and_several_with_several_mistakes():
    assert len(WRONG) >= 40
    assert sum(len(wrong.says) >= 3 for wrong in WRONG.values()) >= 6


def test_what_they_are_made_of_is_right(tmp_path, no_listener):
    with pytest.raises(Listens):
        main(right(tmp_path))


@pytest.mark.parametrize("name", WRONG)
def test_every_mistake_is_named_at_once_and_nobody_listens(tmp_path, no_listener, capsys, name):
    environ = WRONG[name].write(tmp_path)

    with pytest.raises(SystemExit) as left:
        main(environ)

    said = capsys.readouterr().err
    assert left.value.code == 2
    assert said.startswith("error: ")
    assert [mistake for mistake in WRONG[name].says if mistake not in said] == []
    assert MARK not in said


def test_nothing_but_the_mistakes_is_named(tmp_path, no_listener, capsys):
    with pytest.raises(SystemExit):
        main(WRONG["ports, upstream, storage and keys"].write(tmp_path))

    assert len(capsys.readouterr().err.strip().splitlines()) == 1 + 5


def test_issuers_are_not_asked_while_something_is_wrong(tmp_path, no_listener, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr("serving.gateway.jwks.fetch", asked.append)
    environ = right(tmp_path) | {"SCORECARD_STAGE": "/"}
    text = (tmp_path / "issuers.json").read_text()
    away = text.replace('"jwks_file": "jwks.json"', '"jwks_uri": "https://issuer.example/"')
    (tmp_path / "issuers.json").write_text(away)

    with pytest.raises(SystemExit):
        main(environ)

    assert not asked
    assert "SCORECARD_STAGE" in capsys.readouterr().err


def ends_and_is_never_heard(folder, wrong):
    """Start a real gateway; gives how it ended, what it said, and whether anybody answered."""
    environ = {**clean_environ(), **wrong.write(folder)}
    ports = {environ.get("SCORECARD_GATEWAY_PORT"), environ["SCORECARD_GATEWAY_METRICS_PORT"]}
    heard = []
    over = threading.Event()

    def knock():
        while not over.wait(0.002):
            for port in filter(str.isdigit, filter(None, ports)):
                with contextlib.suppress(OSError, OverflowError):
                    socket.create_connection(("127.0.0.1", int(port)), timeout=1).close()
                    heard.append(port)

    knocking = threading.Thread(target=knock)
    knocking.start()
    try:
        done = subprocess.run(
            [sys.executable, "-c", START],
            env=environ,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        over.set()
        knocking.join()
    return done, heard


@pytest.mark.parametrize(
    "name",
    [
        "ports, upstream, storage and keys",
        *(
            pytest.param(name, marks=pytest.mark.soak)
            for name in WRONG
            if name != "ports, upstream, storage and keys"
        ),
    ],
)
def test_the_process_itself_ends_with_2_and_answers_at_no_port(tmp_path, name):
    done, heard = ends_and_is_never_heard(tmp_path, WRONG[name])

    assert done.returncode == 2
    assert [mistake for mistake in WRONG[name].says if mistake not in done.stderr] == []
    assert not heard
    assert "Traceback" not in done.stderr
