"""Makes a cluster's ACLs what `schemas.principals` says, for the users who have a role.

Owns what is done about a difference: missing rights are granted; rights that nobody needs are
reported, and taken away only where that was asked for. ACLs of other users are never looked at.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from deploy.kafka.acl_admin import Acl, AclAdmin
from schemas.rights import Operation, ResourceKind, Right

_KINDS: Final = {
    ResourceKind.TOPIC: "TOPIC",
    ResourceKind.GROUP: "GROUP",
    ResourceKind.TRANSACTIONAL_ID: "TRANSACTIONAL_ID",
}
_OPERATIONS: Final = {
    Operation.READ: "READ",
    Operation.WRITE: "WRITE",
    Operation.CREATE: "CREATE",
    Operation.ALTER: "ALTER",
    Operation.DESCRIBE: "DESCRIBE",
    Operation.DESCRIBE_CONFIGS: "DESCRIBE_CONFIGS",
    Operation.ALTER_CONFIGS: "ALTER_CONFIGS",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AclOutcome:
    """What was found and done, each sorted.

    Attributes:
        granted: rights that were missing, and are there now.
        missing: rights that a dry run would have granted.
        present: rights that were there.
        removed: what nobody needs, and was taken away.
        surplus: what these users may do, or may not, beyond what they need.
    """

    granted: tuple[Acl, ...]
    missing: tuple[Acl, ...]
    present: tuple[Acl, ...]
    removed: tuple[Acl, ...]
    surplus: tuple[Acl, ...]

    @property
    def is_as_wanted(self) -> bool:
        """Whether these users may do now what they need, and nothing else."""
        return not self.missing and not self.surplus


def apply_acls(
    admin: AclAdmin, rights: Iterable[Right], *, remove_surplus: bool, dry_run: bool
) -> AclOutcome:
    """Grant what is missing, and take away what is too much where that is wanted.

    Harmless to repeat.

    Raises:
        Misconfigured: the cluster refuses, or keeps no ACLs.
        TransientFailure: the cluster cannot be reached now.
    """
    wanted = {_acl(right) for right in rights}
    found = admin.of(sorted({acl.user for acl in wanted}))
    missing, surplus = sorted(wanted - found), sorted(found - wanted)
    if not dry_run:
        admin.add(missing)
        if remove_surplus:
            admin.remove(surplus)
    removes = remove_surplus and not dry_run
    return AclOutcome(
        granted=() if dry_run else tuple(missing),
        missing=tuple(missing) if dry_run else (),
        present=tuple(sorted(wanted & found)),
        removed=tuple(surplus) if removes else (),
        surplus=() if removes else tuple(surplus),
    )


def _acl(right: Right) -> Acl:
    kind, name, is_prefix = right.resource
    return Acl(
        user=right.user,
        kind=_KINDS[kind],
        name=name,
        pattern="PREFIXED" if is_prefix else "LITERAL",
        operation=_OPERATIONS[right.operation],
    )
