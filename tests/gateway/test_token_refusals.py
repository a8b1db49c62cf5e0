"""Bad tokens, each wrong in one way, and what their callers hear: the same (G24, row 84)."""

import json
import time
from types import SimpleNamespace

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm

from serving.gateway.audit import REASONS
from serving.gateway.callers import CallerRefused, Callers
from serving.gateway.issuers import read_issuers
from serving.gateway.refusals import UNAUTHORIZED
from serving.gateway.tokens import MAX_TOKEN_BYTES, Tokens
from tests.gateway.issuing import ISSUER, FakeIssuer, segment


def now():
    return int(time.time())


@pytest.fixture(scope="module")
def issuer():
    return FakeIssuer()


@pytest.fixture(scope="module")
def callers(issuer, tmp_path_factory):
    issuers = read_issuers(issuer.write(tmp_path_factory.mktemp("issuer")), time.monotonic)
    return Callers("x-api-key", None, Tokens(issuers, frozenset).verify)


def present(callers, authorization):
    return callers.authenticate(SimpleNamespace(environ={"HTTP_AUTHORIZATION": authorization}))


def with_header(issuer, **header):
    """A token whose header says more, rightly signed."""
    return issuer.token(header)


def unsigned(issuer, alg):
    head = segment({"alg": alg, "typ": "JWT", "kid": "rsa"})
    return f"{head}.{segment(issuer.claims())}."


def by_hmac(issuer, key_format, alg="HS256"):
    """The public key, which everybody knows, as the secret of an HMAC."""
    secret = issuer.rsa.public_key().public_bytes(Encoding.PEM, key_format)
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    text = f"{segment({'alg': alg, 'typ': 'JWT', 'kid': 'rsa'})}.{segment(issuer.claims())}"
    return f"{text}.{segment(algorithm.sign(text.encode(), secret))}"


def by_own_key(issuer, **header):
    """Signed by a key of the caller's, which the header offers."""
    own = rsa.generate_private_key(65537, 2048)
    public = json.loads(RSAAlgorithm.to_jwk(own.public_key())) | {"kid": "rsa"}
    offered = {name: public if value is jwt else value for name, value in header.items()}
    return jwt.encode(issuer.claims(), own, "RS256", headers={"kid": "rsa"} | offered)


def by_other_curve(issuer):
    own = ec.generate_private_key(ec.SECP384R1())
    return jwt.encode(issuer.claims(), own, "ES384", headers={"kid": "ec"})


def changed_segment(token, place, content):
    parts = token.split(".")
    parts[place] = segment(content)
    return ".".join(parts)


BAD = {
    "alg none": lambda i: unsigned(i, "none"),
    "alg None": lambda i: unsigned(i, "None"),
    "alg nOnE": lambda i: unsigned(i, "nOnE"),
    "alg empty": lambda i: unsigned(i, ""),
    "alg none with the signature of another": lambda i: changed_segment(
        i.token(), 0, {"alg": "none", "kid": "rsa"}
    ),
    "no alg": lambda i: changed_segment(i.token(), 0, {"typ": "JWT", "kid": "rsa"}),
    "alg a list": lambda i: changed_segment(i.token(), 0, {"alg": ["RS256"], "kid": "rsa"}),
    "HS256 by the public key": lambda i: by_hmac(i, PublicFormat.SubjectPublicKeyInfo),
    "HS256 by the public key in PKCS1": lambda i: by_hmac(i, PublicFormat.PKCS1),
    "HMAC called RS256": lambda i: by_hmac(i, PublicFormat.SubjectPublicKeyInfo, "RS256"),
    "HS256 by an empty key": lambda i: jwt.encode(
        i.claims(), b"\0" * 32, "HS256", headers={"kid": "rsa"}
    ),
    "a key of the caller's": by_own_key,
    "a key in the header": lambda i: by_own_key(i, jwk=jwt),
    "a key at an address in the header": lambda i: by_own_key(i, jku="http://127.0.0.1:1/"),
    "a certificate at an address": lambda i: by_own_key(i, x5u="http://127.0.0.1:1/"),
    "a certificate in the header": lambda i: by_own_key(i, x5c=["MIIB"]),
    "RS384 by a key for RS256": lambda i: jwt.encode(
        i.claims(), i.rsa, "RS384", headers={"kid": "rsa"}
    ),
    "PS256 by a key for RS256": lambda i: jwt.encode(
        i.claims(), i.rsa, "PS256", headers={"kid": "rsa"}
    ),
    "RS256 by the EC key's id": lambda i: i.token({"kid": "ec"}),
    "another curve": by_other_curve,
    "kid unknown": lambda i: i.token({"kid": "unknown"}),
    "kid a path": lambda i: i.token({"kid": "../../../../dev/null"}),
    "kid a query": lambda i: i.token({"kid": "rsa' UNION SELECT 'x"}),
    "kid a command": lambda i: i.token({"kid": "rsa|sleep 5"}),
    "kid empty": lambda i: i.token({"kid": ""}),
    "kid a number": lambda i: changed_segment(i.token(), 0, {"alg": "RS256", "kid": 7}),
    "kid null": lambda i: changed_segment(i.token(), 0, {"alg": "RS256", "kid": None}),
    "no kid": lambda i: jwt.encode(i.claims(), i.rsa, "RS256"),
    "crit unknown": lambda i: with_header(i, crit=["x"], x=1),
    "crit b64": lambda i: i.signed_as_is(
        {"alg": "RS256", "kid": "rsa", "crit": ["b64"], "b64": True}
    ),
    "crit empty": lambda i: with_header(i, crit=[]),
    "b64 false": lambda i: changed_segment(
        i.token(), 0, {"alg": "RS256", "kid": "rsa", "b64": False}
    ),
    "aud of another": lambda i: i.token(aud="other"),
    "aud a list without ours": lambda i: i.token(aud=["other", "scorecard2"]),
    "aud almost ours": lambda i: i.token(aud="Scorecard"),
    "aud a number": lambda i: i.token(aud=7),
    "aud an object": lambda i: i.token(aud={"scorecard": 1}),
    "no aud": lambda i: i.token(aud=None),
    "iss of another": lambda i: i.token(iss="https://other.example/"),
    "iss without its slash": lambda i: i.token(iss=ISSUER.rstrip("/")),
    "iss a list": lambda i: i.token(iss=[ISSUER]),
    "no iss": lambda i: i.token(iss=None),
    "expired": lambda i: i.token(iat=now() - 700, exp=now() - 100),
    "exp for ever": lambda i: i.token(exp=now() + 10**9),
    "exp a text": lambda i: i.token(exp=str(now() + 600)),
    "exp a word": lambda i: i.token(exp="soon"),
    "exp infinite": lambda i: i.token(exp=float("inf")),
    "exp not a number": lambda i: i.token(exp=float("nan")),
    "exp true": lambda i: i.token(exp=True),
    "exp before iat": lambda i: i.token(iat=now() + 20, exp=now() + 10),
    "no exp": lambda i: i.token(exp=None),
    "nbf in the future": lambda i: i.token(nbf=now() + 3600),
    "nbf a text": lambda i: i.token(nbf="0"),
    "iat in the future": lambda i: i.token(iat=now() + 300),
    "iat a text": lambda i: i.token(iat=str(now())),
    "no iat": lambda i: i.token(iat=None),
    "no sub": lambda i: i.token(sub=None),
    "sub a number": lambda i: i.token(sub=7),
    "sub empty": lambda i: i.token(sub=""),
    "sub too long": lambda i: i.token(sub="x" * 257),
    "sub with a line break": lambda i: i.token(sub="a\nb"),
    "jti a number": lambda i: i.token(jti=7),
    "padded signature": lambda i: i.token() + "==",
    "padded header": lambda i: i.token().replace(".", "=.", 1),
    "padded twice over": lambda i: i.token() + "====",
    "claims of another, signature kept": lambda i: changed_segment(
        i.token(), 1, i.claims(sub="admin")
    ),
    "signature cut": lambda i: i.token()[:-2],
    "signature flipped": lambda i: i.token()[:-8] + i.token(jti="x")[-8:],
    "no signature": lambda i: i.token().rpartition(".")[0],
    "empty signature": lambda i: i.token().rpartition(".")[0] + ".",
    "claims a list": lambda i: i.signed([i.claims()]),
    "claims a text": lambda i: i.signed("admin"),
    "a token in a token": lambda i: i.signed(i.token(), {"cty": "JWT"}),
    "claims nested without end": lambda _: f"{segment({'alg': 'RS256', 'kid': 'rsa'})}."
    f"{segment(b'[' * 3000)}.{segment(b'x' * 256)}",
    "header no object": lambda i: changed_segment(i.token(), 0, b"[]"),
    "header no JSON": lambda i: changed_segment(i.token(), 0, b"{"),
    "encrypted": lambda _: ".".join([segment(b"x")] * 5),
    "two parts": lambda _: ".".join([segment(b"x")] * 2),
    "no parts": lambda _: "token",
    "huge": lambda i: i.token(padding="x" * MAX_TOKEN_BYTES),
    "huge and no token": lambda _: "x" * 5_000_000,
    "a blank before": lambda i: " " + i.token(),
    "a blank behind": lambda i: i.token() + " ",
    "a NUL behind": lambda i: i.token() + "\0",
    "not ASCII": lambda i: i.token() + "é",
    "a dot behind": lambda i: i.token() + ".",
}  # fmt: skip


def test_the_tokens_they_are_made_from_are_right(callers, issuer):
    for token in (issuer.token(), issuer.signed_as_is({"alg": "RS256", "kid": "rsa"})):
        assert present(callers, f"Bearer {token}").id == f"{ISSUER}|data-cloud"


@pytest.mark.parametrize("why", BAD)
def test_g24_a_token_that_is_wrong_in_one_way_gets_the_one_401(callers, issuer, why):
    with pytest.raises(CallerRefused) as refused:
        present(callers, f"Bearer {BAD[why](issuer)}")

    assert refused.value.refusal is UNAUTHORIZED
    assert refused.value.refusal.headers == {"WWW-Authenticate": "Bearer"}
    assert refused.value.reason in REASONS


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "bearer x.y.z", "BEARER x.y.z", "Basic eDp5", "x.y.z", "Token x.y.z"],
)
def test_what_is_no_bearer_token_gets_the_same(callers, authorization):
    with pytest.raises(CallerRefused) as refused:
        present(callers, authorization)

    assert refused.value.refusal is UNAUTHORIZED


@settings(deadline=None, max_examples=300)
@given(token=st.text(st.characters(codec="latin-1")))
def test_nothing_that_is_presented_breaks_the_check(callers, token):
    with pytest.raises(CallerRefused):
        present(callers, f"Bearer {token}")


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.lists(st.text(max_size=3)), st.sampled_from(["RS256", "ES256", "none", "rsa", "ec", ISSUER]),
)  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(
    header=st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "x"]), ODD),
    claims=st.dictionaries(st.sampled_from(["iss", "aud", "sub", "exp", "iat", "scope"]), ODD),
)
def test_no_header_or_claims_break_the_check(callers, header, claims):
    token = f"{segment(header)}.{segment(claims)}.{segment(b'x' * 64)}"

    with pytest.raises(CallerRefused):
        present(callers, f"Bearer {token}")
