"""Stories of attempts: failures, fallbacks, waits, advice and changes found at login."""

from tests.auditor.times import DAY, HOUR, SECOND
from tests.property.drafts import OUTCOMES
from tests.property.enabling_stories import Story, enable
from tests.property.phone import Owner, Phone


def everyday(phone: Phone, owner: Owner) -> Story:
    """Sign in, open protected pages, now and then with a failure."""
    yield from enable(phone, owner)
    for _ in range(phone.random.randint(1, 4)):
        phone.log_in(owner)
        outcomes = (
            "matched",
            "matched",
            "rejected",
            "cancelled_user",
            "cancelled_system",
            "timeout",
        )
        for _ in range(phone.random.randint(1, 4)):
            yield phone.attempt(owner, phone.random.choice(outcomes))
        if phone.world.chance(0.2):
            yield phone.attempt(owner, "set_changed", bio_epoch=max(1, phone.epoch - 1))
        yield phone.attempt(owner, "matched")


def all_scans_fail(phone: Phone, owner: Owner) -> Story:
    """Five failures, the password, and back again at the next login or after it."""
    yield from enable(phone, owner)
    for _ in range(phone.random.randint(1, 3)):
        yield from _fall_back(phone, owner)
        if phone.world.chance(0.5):
            yield phone.attempt(owner, phone.random.choice(OUTCOMES))
            yield phone.password(owner)
        else:
            yield from _too_early(phone, owner)
            yield from _wait_is_over(phone, owner, "matched")
        yield phone.attempt(owner, "matched")


def _fall_back(phone: Phone, owner: Owner) -> Story:
    phone.log_in(owner)
    for _ in range(4):
        yield phone.attempt(owner, "rejected")
    yield phone.last_scan_fails(owner)


def _too_early(phone: Phone, owner: Owner) -> Story:
    """Another login before the end of the wait, and the same attempt once more."""
    phone.log_in(owner)
    phone.world.jump(phone.random.choice((0, 1, SECOND, 20 * SECOND)))
    yield phone.attempt(owner, phone.random.choice(OUTCOMES))
    yield phone.attempt(owner, "matched", seq=max(1, owner.seq))


def _wait_is_over(phone: Phone, owner: Owner, outcome: str) -> Story:
    """Another login just around the end of the wait."""
    phone.log_in(owner)
    phone.world.jump_to_edge(owner.wait_until)
    yield phone.attempt(owner, outcome)


def failing_for_ever(phone: Phone, owner: Owner) -> Story:
    """Failures across logins up to the limit, then asked to enable anew."""
    yield from enable(phone, owner)
    for _ in range(phone.random.choice((8, 10, 11, 12))):
        yield from _fall_back(phone, owner)
        if phone.world.chance(0.03):
            yield from _wait_is_over(phone, owner, "matched")
        elif phone.world.chance(0.15):
            yield phone.password(owner)
        else:
            yield from _wait_is_over(phone, owner, "cancelled_user")
    yield from guided(phone, owner)


def clock_goes_back(phone: Phone, owner: Owner) -> Story:
    """A wait that ends further away than any wait can, because now went back."""
    yield from enable(phone, owner)
    yield from _fall_back(phone, owner)
    phone.log_in(owner)
    phone.world.jump_to_edge(owner.wait_until - HOUR)
    yield phone.attempt(owner, "cancelled_user")
    phone.world.jump(-phone.random.choice((HOUR, 2 * HOUR, DAY)))
    yield phone.attempt(owner, "rejected")
    phone.world.jump(DAY)
    yield phone.attempt(owner, "matched")


def calendar_goes_back(phone: Phone, owner: Owner) -> Story:
    """One fallback from a wrong future, remembered until eight later ones have followed."""
    yield from enable(phone, owner)
    yield phone.attempt(owner, "locked_timed")
    phone.world.jump(-60 * DAY)
    for _ in range(phone.random.randint(8, 11)):
        phone.log_in(owner)
        yield phone.attempt(owner, "locked_timed")
        phone.world.jump(4 * DAY)


def guided(phone: Phone, owner: Owner) -> Story:
    """Tries of a disabled user, twice in one login, and the enabling that is asked for."""
    for _ in range(2):
        phone.log_in(owner)
        yield phone.attempt(owner, "matched")
        if phone.world.chance(0.5):
            yield phone.attempt(owner, "rejected")
    if phone.world.chance(0.5):
        moment = phone.random.choice((phone.changed_at, owner.disabled_at))
        verified = max(0, moment + phone.random.choice((-1, 0, 1)))
        somebody = phone.random.choice((owner, owner, phone.random.choice(phone.owners)))
        yield phone.submit(somebody, password_verified_at=verified)
    yield phone.password(owner)
    if phone.world.chance(0.8):
        yield from enable(phone, owner)
        yield phone.attempt(owner, "matched")


def troubled_weeks(phone: Phone, owner: Owner) -> Story:
    """Many fallbacks in days or weeks: advice, and none again too soon."""
    yield from enable(phone, owner)
    pause = phone.random.choice((HOUR, DAY, DAY, 3 * DAY + 12 * HOUR))
    first = phone.world.now + pause
    locked = ("locked_timed", "locked_until_credential")
    outcomes = phone.random.choice((locked, (*locked, "fallback_chosen", "unavailable")))
    for number in range(phone.random.choice((4, 8, 12, 14))):
        phone.log_in(owner)
        phone.world.jump_to_edge(first + number * pause)
        if phone.world.chance(0.3):
            yield phone.attempt(owner, "rejected")
        yield phone.attempt(owner, phone.random.choice(outcomes))
        if phone.world.chance(0.3):
            yield phone.password(owner)
        if phone.world.chance(0.1):
            yield from enable(phone, owner)


def biometrics_change(phone: Phone, owner: Owner) -> Story:
    """Told by the app, or found at login; once it was only the operating system."""
    yield from enable(phone, owner)
    roll = phone.random.random()
    if roll < 0.25:
        yield phone.change()
    elif roll < 0.4:
        yield phone.change(change="all_removed")
        somebody = phone.random.choice(phone.owners)
        yield phone.submit(somebody, password_verified_at=phone.changed_at - SECOND)
    elif roll < 0.6:
        yield phone.change(change="unknown", detected_by="domain_state", os_upgraded=True)
        somebody = phone.random.choice((owner, *phone.owners[:3]))
        yield phone.submit(somebody, password_verified_at=phone.changed_at - SECOND)
        yield phone.attempt(owner, "matched")
    else:
        if roll > 0.8:
            phone.epoch += 1
        found = phone.attempt(owner, "set_changed" if roll < 0.9 else "matched")
        phone.changed_at = phone.world.now
        yield found
    yield phone.attempt(owner, "matched", bio_epoch=max(1, phone.epoch - 1))
    yield from guided(phone, owner)


def biometrics_gone(phone: Phone, owner: Owner) -> Story:
    """No face, no finger or no device code any more: the device's settings first."""
    yield from enable(phone, owner)
    if phone.world.chance(0.3):
        yield phone.attempt(owner, "locked_timed")
    outcome = phone.random.choice(("not_enrolled", "device_credential_missing"))
    gone = phone.attempt(owner, outcome)
    owner.disabled_at = phone.world.now
    yield gone
    if phone.world.chance(0.3):
        yield phone.change(change=phone.random.choice(("added", "all_removed")))
    yield phone.submit(owner, os_biometrics="not_set_up")
    yield from guided(phone, owner)
