"""An issuer of tokens as a test needs it: right tokens, and any wrong one."""

import base64
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER = "https://issuer.example/"
AUDIENCE = "scorecard"


class FakeIssuer:
    """An RSA and an EC key, their JWKS, and tokens signed by them."""

    def __init__(self) -> None:
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.jwks = {
            "keys": [
                json.loads(RSAAlgorithm.to_jwk(self.rsa.public_key()))
                | {"kid": "rsa", "use": "sig", "alg": "RS256"},
                json.loads(ECAlgorithm.to_jwk(self.ec.public_key())) | {"kid": "ec"},
            ]
        }

    def claims(self, **changed: object) -> dict[str, object]:
        """Give claims that are right, with some changed or, where None, left out."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "data-cloud",
            "scope": "score:invoke",
            "iat": now,
            "exp": now + 600,
            **changed,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, header: dict[str, object] | None = None, **changed: object) -> str:
        """Write a token by RS256; claims and header are right but for what is changed."""
        return self.signed(self.claims(**changed), header)

    def signed(self, claims: object, header: dict[str, object] | None = None) -> str:
        """Write a token of any claims."""
        payload = json.dumps(claims).encode()
        return jwt.PyJWS().encode(
            payload, self.rsa, "RS256", headers={"kid": "rsa"} | (header or {})
        )

    def signed_as_is(self, header: dict[str, object]) -> str:
        """Write a token of exactly this header, which the library would put right."""
        text = f"{segment(header)}.{segment(self.claims())}"
        algorithm = RSAAlgorithm(RSAAlgorithm.SHA256)
        return f"{text}.{segment(algorithm.sign(text.encode(), self.rsa))}"

    def write(self, folder: Path, **changed: object) -> Path:
        """Write an issuers file, with the keys in a file beside it."""
        (folder / "jwks.json").write_text(json.dumps(self.jwks))
        entry = {
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "algorithms": ["RS256", "ES256"],
            "jwks_file": "jwks.json",
            **changed,
        }
        entry = {name: value for name, value in entry.items() if value is not None}
        path = folder / "issuers.json"
        path.write_text(json.dumps([entry]))
        return path


def segment(content: bytes | dict[str, object]) -> str:
    """Write a part of a token."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class KeyServer:
    """Serves a JWKS over HTTP, as slowly and as badly as it is told, and counts."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.status = 200
        self.headers: dict[str, str] = {}
        self.delay_s = 0.0
        #: Before each byte of the body.
        self.drip_s = 0.0
        self.asked_at: list[float] = []
        self.let_go = threading.Event()


@contextlib.contextmanager
def key_server(text: bytes) -> Iterator[tuple[KeyServer, str]]:
    """Serve a JWKS; gives the server and its address."""
    told = KeyServer(text)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked_at.append(time.monotonic())
            told.let_go.wait(told.delay_s)
            with contextlib.suppress(OSError):
                self.send_response(told.status)
                for name, value in {"Content-Length": str(len(told.text)), **told.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                step = 1 if told.drip_s else len(told.text)
                for start in range(0, len(told.text), step):
                    told.let_go.wait(told.drip_s)
                    self.wfile.write(told.text[start : start + step])

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield told, f"http://127.0.0.1:{server.server_address[1]}/jwks.json"
    finally:
        told.let_go.set()
        server.shutdown()
        server.server_close()
