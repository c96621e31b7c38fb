"""What is known of an event's device signature before it is decided.

Verifying takes keys and time, so the shell does it (`agents.device_signatures`) and hands over
what it found. What follows from that is said by rule 11c and, for an enrollment, behind rule 7.
"""

import msgspec

from agents.core.state import EllipticPoint


class VerifiedSignature(msgspec.Struct, frozen=True, gc=False):
    """A device signature that is right, and whose members are those of the event that carries it.

    Attributes:
        point: the public key under which it is right.
        issued_ms: when the phone says that it signed (`iat`).
    """

    point: EllipticPoint
    issued_ms: int
