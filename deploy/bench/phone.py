"""A phone of the benchmark's crowd, and the random ids in what it reports."""

import random

from events.vocabulary import Method, Place, Platform


class Phone:
    """One phone with its one user, as far as its backend knows.

    Attributes:
        device_id, user_id: its key and its user.
        platform, method: what it is and what it recognises.
        epoch: how often its faces or fingers have changed, from 1.
        key_id: of the last enrollment; empty before the first.
        login_id, place: of the login that it is in.
        seq: attempts made under its key.
        rejections: since the last match.
        failed_last: whether its last attempt failed, so that it tries again in the same login.
    """

    __slots__ = (
        "device_id",
        "epoch",
        "failed_last",
        "key_id",
        "login_id",
        "method",
        "place",
        "platform",
        "rejections",
        "seq",
        "user_id",
    )

    def __init__(self, chance: random.Random) -> None:
        """Make one up."""
        self.device_id = random_uuid(chance)
        self.user_id = random_uuid(chance)
        self.platform = chance.choice((Platform.IOS, Platform.ANDROID))
        self.method = chance.choice((Method.FACE, Method.FINGERPRINT))
        self.epoch = 1
        self.key_id = ""
        self.login_id = random_uuid(chance)
        self.place = Place.SIGN_IN
        self.seq = 0
        self.rejections = 0
        self.failed_last = False


def random_uuid(chance: random.Random) -> str:
    """A random id in the form of a UUID."""
    digits = f"{chance.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def random_coordinate(chance: random.Random) -> str:
    """43 characters of base64url, as a coordinate of P-256 has; on no curve."""
    return f"{chance.getrandbits(172):043x}"
