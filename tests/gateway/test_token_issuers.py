"""Configurations that are wrong: the gateway names every mistake and does not start (row 98)."""

import json

import pytest

from serving.gateway.keys import issue
from serving.gateway.server import Gateway, main
from serving.gateway.signatures import new_key_pair
from tests.gateway.fakes import NOON

PUBLIC = new_key_pair("a")[1]
ENTRY = {
    "issuer": "https://issuer.example/",
    "audience": "scorecard",
    "algorithms": ["ES256"],
    "jwks_file": "jwks.json",
}


@pytest.fixture
def environ(tmp_path):
    issue(tmp_path / "keys.json", "a", NOON)
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [PUBLIC]}))
    (tmp_path / "issuers.json").write_text(json.dumps([ENTRY]))
    (tmp_path / "revoked").write_text("jti:7\n")
    return {
        "SCORECARD_UPSTREAM": "http://127.0.0.1:1",
        "SCORECARD_KEYS_FILE": str(tmp_path / "keys.json"),
        "SCORECARD_JWT_ISSUERS_FILE": str(tmp_path / "issuers.json"),
        "SCORECARD_JWT_REVOKED_FILE": str(tmp_path / "revoked"),
    }


class Listens(Exception):
    """The gateway would have begun to listen."""


@pytest.fixture
def start(environ, monkeypatch, capsys):
    def listen(_):
        raise Listens

    monkeypatch.setattr(Gateway, "run", listen)

    def refused(**changed):
        with pytest.raises(SystemExit) as left:
            main({name: text for name, text in {**environ, **changed}.items() if text is not None})
        assert left.value.code == 2
        return capsys.readouterr().err

    return refused


def test_the_configuration_they_are_made_from_is_right(environ, start):
    tokens = ("SCORECARD_JWT_ISSUERS_FILE", "SCORECARD_JWT_REVOKED_FILE")
    for left_out in (("SCORECARD_KEYS_FILE",), tokens, ()):
        with pytest.raises(Listens):
            start(**dict.fromkeys(left_out))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"SCORECARD_KEYS_FILE": "nowhere"}, "there is no file nowhere"),
        ({"SCORECARD_KEYS_FILE": None, "SCORECARD_JWT_ISSUERS_FILE": None}, "set SCORECARD_KEYS"),
        ({"SCORECARD_JWT_ISSUERS_FILE": "nowhere"}, "SCORECARD_JWT_ISSUERS_FILE"),
        ({"SCORECARD_JWT_REVOKED_FILE": "nowhere"}, "SCORECARD_JWT_REVOKED_FILE"),
        ({"SCORECARD_RATE": "fast"}, "SCORECARD_RATE: must be like 10/second"),
        ({"SCORECARD_RATE": "10001/second"}, "SCORECARD_RATE: may be up to 10000"),
        ({"SCORECARD_QUOTA": "0/day"}, "SCORECARD_QUOTA: must be like"),
        ({"SCORECARD_FAILURE_RATE": "none"}, "SCORECARD_FAILURE_RATE: must be like"),
        ({"SCORECARD_LIMITS_STORAGE": "disk"}, "SCORECARD_LIMITS_STORAGE: must be memory://"),
        ({"SCORECARD_AUTH_HEADER": "Cookie"}, "SCORECARD_AUTH_HEADER"),
        ({"SCORECARD_UPSTREAM": None}, "SCORECARD_UPSTREAM is not set"),
    ],
)
def test_a_setting_that_is_wrong_is_named(start, changed, says):
    assert says in start(**changed)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not JSON"),
        ("{}", "list of issuers"),
        ("[]", "list of issuers"),
        ("[7]", "issuer 0: it is no object"),
        ("[" * 100_000, "is not JSON"),
        (json.dumps([ENTRY, ENTRY]), "stands in it twice"),
    ],
)
def test_an_issuers_file_that_is_none_is_named(tmp_path, start, text, says):
    (tmp_path / "issuers.json").write_text(text)

    assert says in start()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"issuer": None}, "issuer is missing"),
        ({"issuer": ""}, "issuer must be a text"),
        ({"audience": None}, "audience is missing"),
        ({"audience": ["scorecard"]}, "audience must be a text"),
        ({"algorithms": None}, "algorithms is missing"),
        ({"algorithms": []}, "must be a list that is not empty"),
        ({"algorithms": ["none"]}, "not 'none'"),
        ({"algorithms": ["HS256"]}, "not 'HS256'"),
        ({"algorithms": "ES256"}, "must be a list"),
        ({"algorithms": ["RS256"]}, "none of the issuer's algorithms"),
        ({"jwks_file": None}, "one of jwks_uri and jwks_file"),
        ({"jwks_uri": "https://a/"}, "one of jwks_uri and jwks_file"),
        ({"jwks_file": "nowhere.json"}, "nowhere.json: No such file"),
        ({"jwks_file": "issuers.json"}, "issuers.json: it is not"),
        ({"jwks_file": None, "jwks_uri": "http://issuer.example/"}, "must be https"),
        ({"jwks_file": None, "jwks_uri": "file:///etc/passwd"}, "must be"),
        ({"jwks_file": None, "jwks_uri": "https://u:marked@a/"}, "no user and no password"),
        ({"jwks_file": None, "jwks_uri": "https://a:99999/"}, "jwks_uri"),
        ({"jwks_file": None, "jwks_uri": "https://a/\r\nx"}, "jwks_uri"),
        ({"max_age_s": 0}, "max_age_s must be whole seconds"),
        ({"max_age_s": True}, "max_age_s must be whole seconds"),
        ({"endpoints": []}, "endpoints must be a list"),
        ({"endpoints": ["a/b"]}, "endpoint's name"),
        ({"rate": 10}, "rate must be like"),
        ({"audiences": ["a"]}, "audiences is unknown"),
    ],
    ids=str,
)
def test_an_issuer_that_is_wrong_is_named(tmp_path, start, changed, says):
    entry = {name: value for name, value in {**ENTRY, **changed}.items() if value is not None}
    (tmp_path / "issuers.json").write_text(json.dumps([entry]))

    said = start()

    assert says in said
    assert "marked" not in said


def test_an_issuer_that_is_away_does_not_keep_the_gateway_from_starting(tmp_path, start, caplog):
    entry = {**ENTRY, "jwks_uri": "http://127.0.0.1:1/jwks.json"}
    del entry["jwks_file"]
    (tmp_path / "issuers.json").write_text(json.dumps([entry]))

    with pytest.raises(Listens):
        start()

    assert "public keys not fetched" in caplog.text
