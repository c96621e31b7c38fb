"""Stories that fill a row to its bounds, and stories of erasure."""

from tests.auditor.times import DAY, HOUR
from tests.property.enabling_stories import Story, enable
from tests.property.phone import Owner, Phone


def crowd(phone: Phone, _: Owner) -> Story:
    """More users than a row holds, and more who are not absent than it holds."""
    owners = list(phone.owners)
    phone.random.shuffle(owners)
    for owner in owners[: phone.random.randint(0, 19)]:
        yield phone.random.choice((phone.decline, phone.withdraw))(owner)
    phone.random.shuffle(owners)
    for owner in owners[: phone.random.randint(8, 12)]:
        yield from enable(phone, owner)
        if phone.world.chance(0.15):
            yield phone.withdraw(owner)
        elif phone.world.chance(0.1):
            yield phone.revoke(owner, allow_re_enable=phone.world.chance(0.5))
    if phone.world.chance(0.5):
        yield phone.change()
    for owner in owners[7:16]:
        yield phone.revoke(owner, allow_re_enable=phone.world.chance(0.7))
        yield phone.submit(owner)
    if phone.world.chance(0.7):  # most go home, or those who come later never find a place
        for owner in phone.owners[4:]:
            yield phone.withdraw(owner)
            if owner.barred:
                yield phone.revoke(owner, allow_re_enable=True)


def forgotten_user(phone: Phone, owner: Owner) -> Story:
    """A user's data is erased; late events of that user change nothing, new ones start anew."""
    yield from enable(phone, owner)
    now = phone.world.now
    time = phone.random.choice((None, now - DAY, now + DAY))
    erasure = phone.erase(owner, time)
    mark = min(erasure.time, phone.world.now)
    yield erasure
    if phone.world.chance(0.3):
        phone.world.jump(-HOUR)
        yield phone.erase(owner, erasure.time + phone.random.choice((0, HOUR)))
    for distance in (-HOUR, -1, 0, 1):
        late = phone.random.choice((phone.submit, phone.withdraw, phone.decline, phone.password))
        draft = late(owner)
        draft.time = mark + distance
        yield draft
    attempt = phone.attempt(owner, "rejected", scans=2)
    attempt.time = mark - DAY
    yield attempt
    yield phone.erase(owner, time)
    yield from enable(phone, owner)


def forgotten_crowd(phone: Phone, _: Owner) -> Story:
    """More erasure marks than a row holds."""
    owners = phone.random.sample(phone.owners, phone.random.randint(9, 12))
    for owner in owners:
        if phone.world.chance(0.2):
            yield from enable(phone, owner)
        yield phone.erase(owner)
    for owner in owners:
        late = phone.submit(owner)
        late.time = phone.random.choice(phone.instants)
        yield late


def forgotten_phone(phone: Phone, owner: Owner) -> Story:
    """The whole device is erased; late events change nothing, a new enabling starts anew."""
    yield from enable(phone, owner)
    if phone.world.chance(0.5):
        yield phone.change()
    verified = phone.changed_at or phone.world.now
    if phone.world.chance(0.5):
        yield phone.erase(owner)
    time = phone.random.choice((None, phone.world.now - HOUR, phone.world.now + HOUR))
    erasure = phone.erase(None, time)
    mark = min(erasure.time, phone.world.now)
    yield erasure
    if phone.world.chance(0.5):
        yield phone.submit(owner, password_verified_at=verified)
    if phone.world.chance(0.5):
        phone.world.jump(-HOUR)
        yield phone.erase(None, erasure.time + phone.random.choice((0, HOUR)))
    for distance in (-HOUR, -1, 0, 1):
        late = phone.change() if phone.world.chance(0.5) else phone.withdraw(owner)
        late.time = mark + distance
        yield late
    phone.world.jump(2 * HOUR)
    yield from enable(phone, owner)
