"""The page of principals, and the same users for Strimzi, from `schemas.principals`."""

from typing import Final

from schemas.principals import default_user, principals
from schemas.rights import Grant, Principal, Resource

_HEAD: Final = """\
# Principals

Who may do what on the cluster: the least that each kind of user needs. `biolatch topics apply
--acls` grants it, `deploy/strimzi/kafka-users.yaml` holds the same for Strimzi, and a test asks a
real broker for every operation as every principal. Drawn from `schemas/principals.py` by `make
docs`; how to use it: [Kafka security](../kafka-security.md).

Kafka adds: whoever may read or write a topic may also see that it is there. A name with `*` at its
end stands for all that begin so. Names are those of an application called `biolatch`.
"""

_STRIMZI_HEAD: Final = """\
# The users of biolatch for Strimzi, with the rights that docs/reference/principals.md explains.
# Drawn from schemas/principals.py by `make docs`: change it there. The label names the Kafka
# resource; Strimzi keeps each user's password in a Secret of the user's name.
"""


def principals_page() -> str:
    """The page as Markdown."""
    return _HEAD + "".join(_section(principal) for principal in principals())


def _section(principal: Principal) -> str:
    lines = [
        f"\n## {principal.role}\n",
        f"`{default_user(principal.role)}`: {principal.purpose}.\n",
        "| resource | operations | what for |",
        "|---|---|---|",
        *(_row(grant) for grant in principal.grants),
    ]
    return "\n".join(lines) + "\n"


def _row(grant: Grant) -> str:
    operations = ", ".join(grant.operations)
    return f"| {_named(grant.resource)} | {operations} | {grant.why} |"


def _named(resource: Resource) -> str:
    name = f"{resource.name}*" if resource.is_prefix else resource.name
    return f"{resource.kind} `{name}`"


def strimzi_users() -> str:
    """The users as Kubernetes resources, in YAML."""
    return _STRIMZI_HEAD + "".join(_user(principal) for principal in principals())


def _user(principal: Principal) -> str:
    name = default_user(principal.role).removeprefix("User:")
    lines = [
        "---",
        "apiVersion: kafka.strimzi.io/v1",
        "kind: KafkaUser",
        "metadata:",
        f"  name: {name}",
        "  labels:",
        "    strimzi.io/cluster: kafka",
        "spec:",
        "  authentication:",
        "    type: scram-sha-512",
        "  authorization:",
        "    type: simple",
        "    acls:",
    ]
    for grant in principal.grants:
        kind, resource, is_prefix = grant.resource
        lines += [
            f"      # {grant.why}",
            "      - resource:",
            f"          type: {kind}",
            f"          name: {resource}",
            f"          patternType: {'prefix' if is_prefix else 'literal'}",
            f"        operations: [{', '.join(grant.operations)}]",
        ]
    return "\n".join(lines) + "\n"
