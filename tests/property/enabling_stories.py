"""Stories of enabling, switching off and being asked."""

from collections.abc import Iterator

from tests.auditor.times import DAY, HOUR, MINUTE, SECOND
from tests.property.drafts import Draft
from tests.property.phone import Owner, Phone

Story = Iterator[Draft]


def enable(phone: Phone, owner: Owner) -> Story:
    """Enable in good order; a user revoked for good is allowed again first."""
    if owner.barred:
        yield phone.revoke(owner, allow_re_enable=True)
    yield phone.submit(owner)


def clumsy_enabling(phone: Phone, owner: Owner) -> Story:
    """The settings first, an old password, an old epoch, an old key; then as it should be."""
    now = phone.world.now
    yield phone.submit(owner, os_biometrics=phone.random.choice(("not_set_up", "unavailable")))
    edges = (now - 20 * MINUTE, now + 5 * MINUTE, phone.changed_at, owner.disabled_at, now - DAY)
    phone.world.jump(0)
    verified = max(0, phone.random.choice(edges) + phone.random.choice((-1, 0, 1)))
    yield phone.submit(owner, password_verified_at=verified)
    yield phone.submit(owner, key_id=phone.random.choice(owner.old_keys[-6:]))
    if phone.epoch > 1:
        yield phone.submit(owner, bio_epoch=phone.epoch - 1)
    yield from enable(phone, owner)
    if phone.world.chance(0.5):
        phone.epoch += 1
        phone.changed_at = phone.world.now
        yield phone.submit(owner, password_verified_at=phone.world.now + SECOND)


def many_keys(phone: Phone, owner: Owner) -> Story:
    """More enablings than keys are remembered; then every old key again, stolen or forgotten."""
    for _ in range(phone.random.randint(5, 8)):
        yield from enable(phone, owner)
        yield phone.attempt(owner, "matched")
    for key_id in owner.old_keys[-7:]:
        yield phone.attempt(owner, "matched", key_id=key_id)
        yield phone.submit(owner, key_id=key_id)


def switch_off(phone: Phone, owner: Owner) -> Story:
    """Withdrawn; a late enabling cannot undo it, a later one can."""
    if phone.world.chance(0.7):
        yield from enable(phone, owner)
    withdrawal = phone.withdraw(owner)
    yield withdrawal
    late = phone.submit(owner)
    late.time = withdrawal.time + phone.random.choice((1, 0, -1, -HOUR))
    yield late
    phone.log_in(owner)
    yield phone.attempt(owner, "matched")
    if phone.world.chance(0.5):
        yield from enable(phone, owner)


def switched_off_by_admin(phone: Phone, owner: Owner) -> Story:
    """Revoked with and without a way back, with a withdrawal in between."""
    if phone.world.chance(0.7):
        yield from enable(phone, owner)
    for _ in range(phone.random.randint(1, 3)):
        if phone.world.chance(0.3):
            yield phone.withdraw(owner)
        yield phone.revoke(owner, allow_re_enable=phone.world.chance(0.5))
        phone.log_in(owner)
        yield phone.attempt(owner, "matched")
        beside = phone.random.choice((-1, 0, 1))
        yield phone.submit(owner, password_verified_at=owner.disabled_at + beside)
        if phone.world.chance(0.3):
            yield phone.submit(owner, key_id=phone.random.choice(owner.old_keys[-3:]))
        yield phone.submit(owner)
    if phone.world.chance(0.5):
        yield from enable(phone, owner)


def not_now(phone: Phone, owner: Owner) -> Story:
    """Declined, by somebody live, disabled or new; asked again after 30 days."""
    if phone.world.chance(0.6):
        yield from enable(phone, owner)
    if phone.world.chance(0.6):
        yield phone.change()
    decline = phone.decline(owner)
    declined_at = phone.world.now
    yield decline
    for wait in (0, 15 * DAY, 30 * DAY):
        phone.log_in(owner)
        phone.world.jump_to_edge(declined_at + wait)
        yield phone.attempt(owner, "matched")
    if phone.world.chance(0.5):
        yield from enable(phone, owner)
