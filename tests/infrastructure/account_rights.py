"""Every policy in an account, as statements: who may do what to which resource."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Statement:
    """One statement of a policy.

    Attributes
    ----------
    holder : str
        Whose right it is: the role's name, or that of the policy or bucket.
    kind : str
        `right`, `trust` (who may become the role) or `bucket`.
    """

    holder: str
    kind: str
    effect: str
    actions: frozenset[str]
    resources: frozenset[str]
    principals: frozenset[str]
    condition: str


def statements(iam: Any, s3: Any) -> tuple[Statement, ...]:
    return (*_of_roles(iam), *_of_policies(iam), *_of_buckets(s3))


def _of_roles(iam: Any) -> Iterator[Statement]:
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        yield from _read(name, "trust", role["AssumeRolePolicyDocument"])
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        assert not attached, f"{name} has policies of others: {attached}"
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            found = iam.get_role_policy(RoleName=name, PolicyName=policy)
            yield from _read(name, "right", found["PolicyDocument"])


def _of_policies(iam: Any) -> Iterator[Statement]:
    for policy in iam.list_policies(Scope="Local")["Policies"]:
        found = iam.get_policy_version(
            PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"]
        )
        yield from _read(policy["PolicyName"], "right", found["PolicyVersion"]["Document"])


def _of_buckets(s3: Any) -> Iterator[Statement]:
    for bucket in s3.list_buckets()["Buckets"]:
        text = s3.get_bucket_policy(Bucket=bucket["Name"])["Policy"]
        yield from _read(bucket["Name"], "bucket", json.loads(text))


def _read(holder: str, kind: str, document: dict[str, Any]) -> Iterator[Statement]:
    for found in _listed(document["Statement"]):
        assert not {"NotAction", "NotResource", "NotPrincipal"} & set(found), found
        principal = found.get("Principal", {})
        named = principal.values() if isinstance(principal, dict) else [principal]
        yield Statement(
            holder,
            kind,
            found["Effect"],
            frozenset(_listed(found["Action"])),
            frozenset(_listed(found.get("Resource", []))),
            frozenset(name for names in named for name in _listed(names)),
            json.dumps(found.get("Condition", {}), sort_keys=True),
        )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
