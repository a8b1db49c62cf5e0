"""Right tokens: how long they count, what they open, and how they are revoked."""

import itertools
import time
from types import SimpleNamespace

import jwt
import pytest

from serving.gateway.callers import CallerRefused, Callers, TokenRefused
from serving.gateway.grants import INVOKE, READ_MODEL
from serving.gateway.issuers import read_issuers
from serving.gateway.keyring import KeyRing
from serving.gateway.keys import issue, list_keys, pepper_beside, read_pepper
from serving.gateway.refusals import FORBIDDEN, NOT_ALLOWED, TWO_CREDENTIALS, UNAUTHORIZED
from serving.gateway.tokens import Tokens, watched_revocations
from serving.gateway.watched import LOOK_EVERY_S, FileUnusable
from tests.gateway.fakes import NOON
from tests.gateway.issuing import ISSUER, FakeIssuer


@pytest.fixture(scope="module")
def issuer():
    return FakeIssuer()


def tokens(issuer, folder, revoked=frozenset, **changed):
    return Tokens(read_issuers(issuer.write(folder, **changed), time.monotonic), revoked)


def request(**headers):
    names = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return SimpleNamespace(environ=names)


def test_a_token_s_caller_is_its_issuer_and_subject_with_their_grants(issuer, tmp_path):
    granting = tokens(issuer, tmp_path, endpoints=["a"], rate="5/second", quota="9/day")

    caller = granting.verify(issuer.token(scope="model:read score:invoke").encode())

    assert (caller.id, caller.kind) == (f"{ISSUER}|data-cloud", "jwt")
    assert caller.scopes == {INVOKE, READ_MODEL}
    assert caller.endpoints == {"a"}
    assert (caller.rate, caller.quota) == ("5/second", "9/day")


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"aud": ["other", "scorecard"]}, "one of several audiences"),
        ({"nbf": 0}, "long since valid"),
        ({"jti": "7", "azp": "x", "roles": ["admin"]}, "claims that nobody asked for"),
    ],
)
def test_right_tokens_may_be_written_in_several_ways(issuer, tmp_path, claims, why):
    assert tokens(issuer, tmp_path).verify(issuer.token(**claims).encode()), why


def test_a_token_by_the_ec_key_counts_and_its_header_may_say_more(issuer, tmp_path):
    header = {"kid": "ec", "typ": "at+jwt", "jku": "http://127.0.0.1:1/", "x": 1}
    token = jwt.encode(issuer.claims(), issuer.ec, "ES256", headers=header)

    assert tokens(issuer, tmp_path).verify(token.encode())


@pytest.mark.parametrize(
    ("claims", "counts"),
    [
        ({"iat": -600, "exp": -29}, True),
        ({"iat": -600, "exp": -31}, False),
        ({"iat": 29, "exp": 600}, True),
        ({"iat": 32, "exp": 600}, False),
        ({"iat": 0, "exp": 600, "nbf": 29}, True),
        ({"iat": 0, "exp": 600, "nbf": 32}, False),
        ({"iat": 0, "exp": 3600}, True),
        ({"iat": 0, "exp": 3601}, False),
    ],
)
def test_row_85_clocks_may_differ_by_30_seconds_and_tokens_last_an_hour(
    issuer, tmp_path, claims, counts
):
    now = int(time.time())
    token = issuer.token(**{name: now + seconds for name, seconds in claims.items()}).encode()

    if counts:
        assert tokens(issuer, tmp_path).verify(token)
    else:
        with pytest.raises(TokenRefused):
            tokens(issuer, tmp_path).verify(token)


@pytest.mark.parametrize(
    ("scope", "opens"),
    [
        ("score:invoke", True),
        ("openid score:invoke", True),
        (["score:invoke"], True),
        ("score:invoker", False),
        ("SCORE:INVOKE", False),
        ("score", False),
        ("", False),
        (None, False),
        (["openid", 7], False),
        ({"score:invoke": True}, False),
        (7, False),
    ],
)
def test_row_87_only_the_scope_itself_opens(issuer, tmp_path, scope, opens):
    callers = Callers("x-api-key", None, tokens(issuer, tmp_path).verify)
    asked = request(authorization=f"Bearer {issuer.token(scope=scope)}")

    if opens:
        assert callers.authenticate(asked)
    else:
        with pytest.raises(CallerRefused) as refused:
            callers.authenticate(asked)
        assert refused.value.refusal is NOT_ALLOWED
        assert refused.value.caller.id == f"{ISSUER}|data-cloud"


@pytest.mark.parametrize(
    ("granted", "asked", "opens"),
    [
        (None, None, True),
        (None, "a", True),
        (["a", "b"], "b", True),
        (["a"], "b", False),
        (["a"], "A", False),
        (["a"], None, False),
    ],
)
def test_row_94_only_granted_endpoints_open(issuer, tmp_path, granted, asked, opens):
    callers = Callers("x-api-key", None, tokens(issuer, tmp_path, endpoints=granted).verify)
    sent = request(authorization=f"Bearer {issuer.token()}")

    if opens:
        assert callers.authenticate(sent, endpoint=asked)
    else:
        with pytest.raises(CallerRefused, match="endpoint not granted"):
            callers.authenticate(sent, endpoint=asked)


def test_other_scopes_are_read_from_the_claim_the_issuer_has_them_in(issuer, tmp_path):
    there = tokens(issuer, tmp_path, scope_claim="scp")

    assert there.verify(issuer.token(scp=["score:invoke"], scope="x").encode()).scopes == {INVOKE}


def test_a_revoked_token_or_subject_is_refused_however_the_token_is_written(issuer, tmp_path):
    path = tmp_path / "revoked"
    path.write_text("# left the company\nsub:leaver\n\njti:stolen\n")
    clock = itertools.count(0.0, LOOK_EVERY_S).__next__
    checking = tokens(issuer, tmp_path, watched_revocations(path, clock))
    stolen, leaver = issuer.token(jti="stolen"), issuer.token(sub="leaver", jti="x")
    other = issuer.token(jti="fine").encode()

    for token in (stolen, leaver):
        with pytest.raises(TokenRefused, match="revoked token"):
            checking.verify(token.encode())
    assert checking.verify(other)

    path.write_text("jti:fine\n")
    with pytest.raises(TokenRefused, match="revoked token"):
        checking.verify(other)
    path.write_text("no such thing\n")
    with pytest.raises(TokenRefused, match="revoked token"):
        checking.verify(other)


@pytest.mark.parametrize("text", [b"fine\n", b"jti:\n", b"iss:x\n", b"\xff\n"])
def test_a_broken_list_of_revocations_is_named(tmp_path, text):
    path = tmp_path / "revoked"
    path.write_bytes(text)

    with pytest.raises(FileUnusable, match="revoked"):
        watched_revocations(path, time.monotonic)


@pytest.fixture
def key_ring(tmp_path):
    path = tmp_path / "keys.json"
    secret = issue(path, "a", NOON).secret
    return secret, KeyRing(list_keys(path), read_pepper(pepper_beside(path)))


@pytest.mark.parametrize("header", ["x-api-key", "authorization", "X-Any"])
def test_a_key_and_a_token_each_open_and_both_or_one_twice_do_not(
    issuer, tmp_path, key_ring, header
):
    secret, ring = key_ring
    callers = Callers(header, ring.find, tokens(issuer, tmp_path).verify)
    name = header.replace("-", "_")
    bearer = f"Bearer {issuer.token()}"

    assert callers.authenticate(request(**{name: secret})).kind == "key"
    assert callers.authenticate(request(**{name: f"Bearer {secret}"})).kind == "key"
    assert callers.authenticate(request(authorization=bearer)).kind == "jwt"
    twice = [{name: f"{secret},{secret}"}, {"authorization": f"{bearer},{bearer}"}]
    both = {"authorization": bearer} | {name: secret}
    for headers in [*twice, *([both] if len(both) == 2 else [])]:
        with pytest.raises(CallerRefused) as refused:
            callers.authenticate(request(**headers))
        assert refused.value.refusal is TWO_CREDENTIALS
        assert refused.value.refusal.status == 400


def test_no_credential_is_a_missing_key_where_keys_count_and_a_missing_token_elsewhere(
    issuer, tmp_path, key_ring
):
    secret, ring = key_ring
    verify = tokens(issuer, tmp_path).verify

    for find, check, sent, refusal in [
        (ring.find, verify, {}, FORBIDDEN),
        (ring.find, None, {}, FORBIDDEN),
        (ring.find, None, {"authorization": f"Bearer {issuer.token()}"}, FORBIDDEN),
        (None, verify, {}, UNAUTHORIZED),
        (None, verify, {"x_api_key": secret}, UNAUTHORIZED),
    ]:
        with pytest.raises(CallerRefused) as refused:
            Callers("x-api-key", find, check).authenticate(request(**sent))
        assert refused.value.refusal is refusal


def test_a_signature_for_aws_beside_a_key_is_no_second_credential(issuer, tmp_path, key_ring):
    secret, ring = key_ring
    callers = Callers("x-api-key", ring.find, tokens(issuer, tmp_path).verify)
    signed = (
        "AWS4-HMAC-SHA256 Credential=AKIA/20261121/us-east-1/sagemaker/aws4_request, Signature=0"
    )

    assert callers.authenticate(request(x_api_key=secret, authorization=signed))
