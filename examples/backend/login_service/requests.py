"""What the app sends. Events' own words, so nothing has to be translated."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from biolatch_client import AttemptOutcome, BiometricChange, Channel, Method, OsBiometrics, Platform

Text = Annotated[str, Field(min_length=1, max_length=128)]


class Request(BaseModel):
    """Base of all: no field that is not known, and nothing converted."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class PasswordLogin(Request):
    """Somebody types a password."""

    device_id: Text
    user_id: Text
    password: Text


class BiometricLogin(Request):
    """The phone has looked at a face or finger, and says how that ended."""

    device_id: Text
    user_id: Text
    outcome: AttemptOutcome
    key_id: Text
    bio_epoch: int
    seq: int


class Enabling(Request):
    """Somebody switches it on, in a login that began with the password."""

    login_id: Text
    channel: Channel
    method: Method
    platform: Platform
    key_id: Text
    bio_epoch: int
    os_biometrics: OsBiometrics


class Change(Request):
    """The app has seen that the faces or fingers on the phone are others."""

    device_id: Text
    bio_epoch: int
    change: BiometricChange
