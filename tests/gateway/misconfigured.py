"""Configurations that are wrong, often in several places, and what must be said of each."""

import json
from dataclasses import dataclass, field

from serving.gateway.key_records import to_entry
from serving.gateway.keys import issue, list_keys
from serving.gateway.signatures import new_key_pair
from tests.gateway.fakes import NOON
from tests.processes import free_port

PUBLIC = new_key_pair("a")[1]
ISSUER = {
    "issuer": "https://issuer.example/",
    "audience": "scorecard",
    "algorithms": ["ES256"],
    "jwks_file": "jwks.json",
}
MARK = "marked-secret"


def fetched_from(uri):
    """Give an issuer whose public keys lie at an address."""
    return {name: each for name, each in ISSUER.items() if name != "jwks_file"} | {"jwks_uri": uri}


def right(folder):
    """Write files and give an environment with which a gateway starts."""
    issue(folder / "keys.json", "a", NOON)
    (folder / "jwks.json").write_text(json.dumps({"keys": [PUBLIC]}))
    (folder / "issuers.json").write_text(json.dumps([ISSUER]))
    (folder / "revoked").write_text("jti:7\n")
    return {
        "SCORECARD_UPSTREAM": "http://127.0.0.1:1",
        "SCORECARD_KEYS_FILE": str(folder / "keys.json"),
        "SCORECARD_JWT_ISSUERS_FILE": str(folder / "issuers.json"),
        "SCORECARD_JWT_REVOKED_FILE": str(folder / "revoked"),
        "SCORECARD_GATEWAY_PORT": str(free_port()),
    }


@dataclass
class Wrong:
    """What is changed of what is right; None takes a setting or a file away."""

    says: list[str]
    settings: dict[str, str | None] = field(default_factory=dict)
    files: dict[str, object] = field(default_factory=dict)
    #: Changes of fields of the one key in the keys file.
    key: dict[str, object] = field(default_factory=dict)

    def write(self, folder):
        """Spoil what `right` has written, and give the environment."""
        environ = {**right(folder), **self.settings}
        environ["SCORECARD_GATEWAY_METRICS_PORT"] = (
            environ.get("SCORECARD_GATEWAY_METRICS_PORT") or ""
        ).replace("the same", environ["SCORECARD_GATEWAY_PORT"] or "")
        environ["SCORECARD_UPSTREAM"] = (environ["SCORECARD_UPSTREAM"] or "").replace(
            "itself", environ["SCORECARD_GATEWAY_PORT"] or ""
        )
        if self.key:
            (record,) = list_keys(folder / "keys.json")
            entry = {**to_entry(record), **self.key}
            spoilt = {"schema": 2, "keys": [entry, to_entry(record) | {"key_id": "BBBBBBBB"}, 7]}
            (folder / "keys.json").write_text(json.dumps(spoilt))
        for name, content in self.files.items():
            path = folder / name
            if content is None:
                path.unlink()
            elif isinstance(content, int):
                path.chmod(content)
            else:
                text = content if isinstance(content, str) else json.dumps(content)
                path.write_text(text)
        return {name: text for name, text in environ.items() if text is not None}


KEYS, ISSUERS, REVOKED, METRICS = (
    "SCORECARD_KEYS_FILE",
    "SCORECARD_JWT_ISSUERS_FILE",
    "SCORECARD_JWT_REVOKED_FILE",
    "SCORECARD_GATEWAY_METRICS_PORT",
)

WRONG = {
    # One setting.
    "no upstream": Wrong(["SCORECARD_UPSTREAM is not set"], {"SCORECARD_UPSTREAM": None}),
    "an upstream with a path": Wrong(
        ["SCORECARD_UPSTREAM: must be like"], {"SCORECARD_UPSTREAM": "http://a/b"}
    ),
    "a password in the upstream": Wrong(
        ["SCORECARD_UPSTREAM: must hold no user"], {"SCORECARD_UPSTREAM": f"http://a:{MARK}@b"}
    ),
    **{
        f"an upstream at {url}": Wrong(
            ["SCORECARD_UPSTREAM: must be like"], {"SCORECARD_UPSTREAM": url}
        )
        for url in (
            "http://[::::]:8",
            "http://a:0",
            "http://a:65536",
            "http://a..b",
            "http://" + "a" * 64,
        )
    },
    "an upstream that is this gateway": Wrong(
        ["not this gateway itself"], {"SCORECARD_UPSTREAM": "http://localhost:itself"}
    ),
    "a port that is none": Wrong(
        ["SCORECARD_GATEWAY_PORT: must be"], {"SCORECARD_GATEWAY_PORT": "65536"}
    ),
    "metrics on the same port": Wrong([f"{METRICS} must be another port"], {METRICS: "the same"}),
    "metrics on the same port, elsewhere": Wrong(
        [f"{METRICS} must be another port"],
        {METRICS: "the same", "SCORECARD_GATEWAY_HOST": "0.0.0.0"},  # noqa: S104
    ),
    "another machine's address": Wrong(
        ["SCORECARD_GATEWAY_HOST: '192.0.2.1'"], {"SCORECARD_GATEWAY_HOST": "192.0.2.1"}
    ),
    "no address": Wrong(["SCORECARD_GATEWAY_HOST: 'a b'"], {"SCORECARD_GATEWAY_HOST": "a b"}),
    "a storage nobody knows": Wrong(
        ["SCORECARD_LIMITS_STORAGE: must be memory://"], {"SCORECARD_LIMITS_STORAGE": "disk"}
    ),
    "a storage without a port": Wrong(
        ["SCORECARD_LIMITS_STORAGE"],
        {"SCORECARD_LIMITS_STORAGE": f"redis://u:{MARK}@localhost:none"},
    ),
    **{
        f"a storage at {where}": Wrong(
            ["SCORECARD_LIMITS_STORAGE: must be memory://"],
            {"SCORECARD_LIMITS_STORAGE": f"redis://u:{MARK}@{where}"},
        )
        for where in ("h:1?foo=bar", "h:1?db=x", "h:1?protocol=9", "a..b:6379", "[::::]:6379")
    },
    "a storage that is not known here": Wrong(
        ["SCORECARD_LIMITS_STORAGE"], {"SCORECARD_LIMITS_STORAGE": "redis+cluster://localhost:1"}
    ),
    "a rate in words": Wrong(["SCORECARD_RATE: must be like"], {"SCORECARD_RATE": "fast"}),
    "no limit to failures": Wrong(
        ["SCORECARD_FAILURE_RATE: must be like"], {"SCORECARD_FAILURE_RATE": "0/minute"}
    ),
    "a header that means something else": Wrong(
        ["SCORECARD_AUTH_HEADER"], {"SCORECARD_AUTH_HEADER": "Content-Type"}
    ),
    "a mode nobody knows": Wrong(
        ["SCORECARD_GATEWAY_MODE: must be"], {"SCORECARD_GATEWAY_MODE": "lenient"}
    ),
    "no region": Wrong(["AWS_REGION is not set"], {"SCORECARD_UPSTREAM": "sagemaker://css"}),
    "a region that is none": Wrong(
        ["AWS_REGION: must be a region"],
        {"SCORECARD_UPSTREAM": "sagemaker://css", "AWS_REGION": "eu west/1"},
    ),
    "nobody may come in": Wrong(
        ["set SCORECARD_KEYS_FILE", f"{REVOKED} is set"], {KEYS: None, ISSUERS: None}
    ),
    "revocations of nothing": Wrong([f"{REVOKED} is set, and {ISSUERS} is not"], {ISSUERS: None}),
    "a pepper of nothing": Wrong(
        ["SCORECARD_PEPPER_FILE is set, and SCORECARD_KEYS_FILE is not", "nowhere: No such file"],
        {KEYS: None, "SCORECARD_PEPPER_FILE": "nowhere"},
    ),
    # One file.
    "no keys file": Wrong(["there is no file"], files={"keys.json": None}),
    "a keys file that is no JSON": Wrong(
        ["keys.json is not a keys file"], files={"keys.json": "{"}
    ),
    "a keys file of the future": Wrong(
        ["its schema is not one of 1 to 2"], files={"keys.json": {"schema": 3, "keys": []}}
    ),
    "a keys file with nothing in it": Wrong(
        ["keys.json is not a keys file: its schema"], files={"keys.json": {}}
    ),
    "a keys file without keys": Wrong(
        ["keys.json holds no key"], files={"keys.json": {"schema": 2, "keys": []}}
    ),
    "a keys file whose keys are no list": Wrong(
        ["its keys are not a list"], files={"keys.json": {"schema": 2, "keys": {"a": 1}}}
    ),
    "no pepper": Wrong(["keys.json.pepper: No such file"], files={"keys.json.pepper": None}),
    "a pepper for everybody": Wrong(["open to other users"], files={"keys.json.pepper": 0o644}),
    "a short pepper": Wrong(["holds less than 32 bytes"], files={"keys.json.pepper": MARK}),
    "an empty issuers file": Wrong(["must hold a list of issuers"], files={"issuers.json": []}),
    "an issuers file that is no JSON": Wrong(
        ["issuers.json is not JSON"], files={"issuers.json": "["}
    ),
    "an issuer twice": Wrong(["stands in it twice"], files={"issuers.json": [ISSUER, ISSUER]}),
    "a symmetric algorithm": Wrong(
        ["issuer 0: algorithms may hold"],
        files={"issuers.json": [{**ISSUER, "algorithms": ["HS256"]}]},
    ),
    **{
        f"public keys at {uri}": Wrong(
            ["issuer 0: jwks_uri must"], files={"issuers.json": [fetched_from(uri)]}
        )
        for uri in ("https://a..b/jwks.json", "https://[::::]/", "https://a:0/", "https://a:x/")
    },
    "public keys over plain HTTP": Wrong(
        ["issuer 0: jwks_uri must be https"],
        files={"issuers.json": [fetched_from("http://issuer.example/")]},
    ),
    "no file of public keys": Wrong(["jwks.json: No such file"], files={"jwks.json": None}),
    "a private key among the public ones": Wrong(
        ["jwks.json: key 'a' holds a private part"],
        files={"jwks.json": {"keys": [{**PUBLIC, "d": MARK}]}},
    ),
    "revocations that are none": Wrong(
        ["revoked: line 1 is not", "revoked: line 3 is not"], files={"revoked": f"{MARK}\n#\n7\n"}
    ),
    # Several mistakes in one file.
    "keys with five mistakes": Wrong(
        [
            "key 0: created_at must be a date, not null",
            "key 0: digest must be 32 bytes",
            "key 0: expires_at has no time zone",
            "key 0: rate must be like",
            "key 0: scopes may hold",
            "key 2: it is no object",
        ],
        key={
            "created_at": None,
            "digest": "00",
            "expires_at": "2027-01-01",
            "rate": 10,
            "scopes": ["all"],
        },
    ),
    "a key that ends before it begins, and one twice": Wrong(
        ["key 0: it ends before it begins", "a key_id stands in it twice"],
        key={
            "key_id": "BBBBBBBB",
            "not_before": "2027-01-01T00:00:00+00:00",
            "expires_at": "2026-01-01T00:00:00+00:00",
        },
    ),
    "a limit that is not known, and one that is missing elsewhere": Wrong(
        ["key 0: 'burst' is unknown", "issuer 0: audience is missing", "issuer 0: more is unknown"],
        key={"burst": 7},
        files={
            "issuers.json": [
                {"issuer": "a", "algorithms": ["ES256"], "jwks_file": "jwks.json", "more": 1}
            ]
        },
    ),
    # Several mistakes in several places.
    "settings": Wrong(
        [
            "SCORECARD_UPSTREAM is not set",
            "SCORECARD_GATEWAY_PORT: must be",
            "SCORECARD_STAGE: must be",
            "SCORECARD_RATE: must be",
            f"{REVOKED}: there is no file",
        ],
        {
            "SCORECARD_UPSTREAM": None,
            "SCORECARD_GATEWAY_PORT": "x",
            "SCORECARD_STAGE": "/",
            "SCORECARD_RATE": "x",
            REVOKED: "nowhere",
        },
    ),
    "keys, pepper and a setting": Wrong(
        ["keys.json is not a keys file", "open to other users", "SCORECARD_QUOTA: must be"],
        {"SCORECARD_QUOTA": "much"},
        {"keys.json": MARK, "keys.json.pepper": 0o644},
    ),
    "keys, issuers and revocations": Wrong(
        ["keys.json is not a keys file", "issuers.json is not JSON", "revoked: line 1"],
        files={"keys.json": "[]", "issuers.json": "", "revoked": "7"},
    ),
    "no keys, a bad pepper, no public keys": Wrong(
        ["keys.json holds no key", "jwks.json: it is not"],
        files={"keys.json": {"schema": 1, "keys": []}, "jwks.json": "{}"},
    ),
    "issuers and a file of another's keys": Wrong(
        ["issuer 0: rate must be like", "jwks.json: it holds no key", "issuer 1: issuer must be"],
        files={
            "issuers.json": [{**ISSUER, "rate": 7}, {**ISSUER, "issuer": 7}],
            "jwks.json": {"keys": []},
        },
    ),
    "ports, upstream, storage and keys": Wrong(
        [
            f"{METRICS} must be another port",
            "SCORECARD_UPSTREAM: must hold no user",
            "SCORECARD_LIMITS_STORAGE: must be",
            "keys.json.pepper: No such file",
            "issuers.json must hold a list",
        ],
        {
            METRICS: "the same",
            "SCORECARD_UPSTREAM": f"http://u:{MARK}@a",
            "SCORECARD_LIMITS_STORAGE": f"postgres://u:{MARK}@a",
        },
        {"keys.json.pepper": None, "issuers.json": {}},
    ),
    "no region, an address elsewhere and a broken key": Wrong(
        ["AWS_REGION is not set", "SCORECARD_GATEWAY_HOST: '192.0.2.1'", "key 0: quota must be"],
        {"SCORECARD_UPSTREAM": "sagemaker://css", "SCORECARD_GATEWAY_HOST": "192.0.2.1"},
        key={"quota": "0/day"},
    ),
}
