"""The service's HTTP side, around a publisher and device states, whichever they are.

Owns the routes. What a user is told stays neutral: it never says which check failed.
"""

import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.routing import Route

from biolatch_client import (
    AttemptOutcome,
    BiolatchClientError,
    DetectedBy,
    DeviceQuestions,
    EnrollmentSubmitted,
    EventMethods,
    EventRefused,
    Guidance,
    PasswordAccepted,
    Place,
)
from login_service import storage
from login_service.requests import BiometricLogin, Change, Enabling, PasswordLogin, Request

_Request = TypeVar("_Request", bound=Request)


@dataclass(frozen=True)
class Services:
    """What the routes need: in production on Kafka, in tests in memory.

    Attributes:
        publisher: of events.
        states: that tell who may.
        engine: of the service's database.
        is_password: whether this is the user's password; every service has its own way.
    """

    publisher: EventMethods
    states: DeviceQuestions
    engine: Engine
    is_password: Callable[[str, str], bool]


def application(
    services: Services,
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]] | None = None,
) -> Starlette:
    """The service around these."""
    routes = Routes(services)
    return Starlette(
        routes=[
            Route("/login/password", routes.log_in_with_password, methods=["POST"]),
            Route("/login/biometric", routes.log_in_with_biometrics, methods=["POST"]),
            Route("/biometrics/enable", routes.enable, methods=["POST"]),
            Route("/biometrics/changed", routes.changed, methods=["POST"]),
            Route("/biometrics/{device_id}/{user_id}", routes.show),
        ],
        exception_handlers={
            ValidationError: _bad_request,
            EventRefused: _bad_request,
            BiolatchClientError: _try_again,
        },
        lifespan=lifespan,
    )


class Routes:
    """The handlers."""

    def __init__(self, services: Services) -> None:
        """Serve with these."""
        self._publisher = services.publisher
        self._states = services.states
        self._engine = services.engine
        self._is_password = services.is_password

    async def log_in_with_password(self, request: HttpRequest) -> JSONResponse:
        """The password works always: also where neither biolatch nor Kafka answers."""
        asked = await _read(request, PasswordLogin)
        if not self._is_password(asked.user_id, asked.password):
            return _answer(401, signed_in=False, guidance=Guidance.USE_PASSWORD)
        login = await run_in_threadpool(self._keep_login, asked)
        return _answer(200, signed_in=True, login_id=login.login_id)

    async def log_in_with_biometrics(self, request: HttpRequest) -> JSONResponse:
        """Ask first, publish what happened, and let in who may."""
        asked = await _read(request, BiometricLogin)
        login_id = str(uuid.uuid4())
        answer = self._states.may_use(asked.device_id, asked.user_id, login_id=login_id)
        device = self._states.device(asked.device_id)
        # Another epoch: faces or fingers have changed since, and this report is the first to tell.
        is_same_set = device is not None and device.bio_epoch == asked.bio_epoch
        # Published in any case: biolatch counts failures, and guides who has to re-enable.
        await self._publisher.attempt_finished(
            asked.device_id,
            user_id=asked.user_id,
            login_id=login_id,
            place=Place.SIGN_IN,
            outcome=asked.outcome,
            key_id=asked.key_id,
            bio_epoch=asked.bio_epoch,
            seq=asked.seq,
        )
        if answer and is_same_set and asked.outcome is AttemptOutcome.MATCHED:
            return _answer(200, signed_in=True, login_id=login_id)
        guidance = Guidance.USE_PASSWORD if answer.guidance is Guidance.NONE else answer.guidance
        return _answer(403, signed_in=False, guidance=guidance)

    async def enable(self, request: HttpRequest) -> JSONResponse:
        """Switch it on: the event is written where the login is kept, and sent by the relay."""
        asked = await _read(request, Enabling)
        if not await run_in_threadpool(self._enable, asked):
            return _answer(403, guidance=Guidance.USE_PASSWORD)
        return _answer(202)

    async def changed(self, request: HttpRequest) -> JSONResponse:
        """The app tells of a change before anybody logs in."""
        asked = await _read(request, Change)
        await self._publisher.biometrics_changed(
            asked.device_id,
            bio_epoch=asked.bio_epoch,
            change=asked.change,
            detected_by=DetectedBy.APP_CHECK,
        )
        return _answer(202)

    async def show(self, request: HttpRequest) -> JSONResponse:
        """What the app may show before anybody logs in."""
        path: Mapping[str, Any] = request.path_params
        any_login = str(uuid.uuid4())
        answer = self._states.may_use(path["device_id"], path["user_id"], login_id=any_login)
        offer = None if answer.user is None else answer.user.offer
        return _answer(200, may=bool(answer), guidance=answer.guidance, offer=offer)

    def _keep_login(self, asked: PasswordLogin) -> storage.Login:
        with self._engine.begin() as transaction:
            login = storage.keep_login(transaction, asked.device_id, asked.user_id)
            event = PasswordAccepted(
                user_id=login.user_id, login_id=login.login_id, place=Place.SIGN_IN
            )
            storage.outbox.write(transaction, login.device_id, event)
            return login

    def _enable(self, asked: Enabling) -> bool:
        with self._engine.begin() as transaction:
            login = storage.find_login(transaction, asked.login_id)
            if login is None:
                return False
            event = EnrollmentSubmitted(
                user_id=login.user_id,
                channel=asked.channel,
                method=asked.method,
                platform=asked.platform,
                key_id=asked.key_id,
                bio_epoch=asked.bio_epoch,
                os_biometrics=asked.os_biometrics,
                password_verified_at=login.password_verified_at,
                login_id=login.login_id,
            )
            storage.outbox.write(transaction, login.device_id, event)
            return True


async def _read(request: HttpRequest, model: type[_Request]) -> _Request:
    return model.model_validate_json(await request.body())


def _answer(status_code: int, **members: object) -> JSONResponse:
    return JSONResponse(members, status_code)


async def _bad_request(_request: HttpRequest, error: Exception) -> JSONResponse:
    code = error.code if isinstance(error, EventRefused) else "request.invalid"
    return _answer(400, error=code)


async def _try_again(_request: HttpRequest, _error: Exception) -> JSONResponse:
    return _answer(503, error="try_again")
