"""The endpoints that receivers call: stream management (SSF section 8) and poll (RFC 8936).

Owns who may do what: every call but the discovery documents shows an access token, and sees the
streams of its own receiver and no others. Thin: what is asked for is judged in `stream_requests`,
kept in `stream_store` and delivered elsewhere.
"""

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agents.signals.callers import Callers, body_of, decoded, object_of
from agents.signals.endpoints import MANAGE, POLL, READ, Endpoints
from agents.signals.http_errors import (
    ANSWERED,
    Forbidden,
    NoSuchStream,
    TooManyRequests,
    answer,
)
from agents.signals.poll_stream import PollStreams
from agents.signals.signing_keys import CurrentSigningKeys
from agents.signals.stream_requests import (
    PollWish,
    StatusWish,
    StreamRules,
    StreamWishes,
    SubjectWish,
    Unacceptable,
    VerificationWish,
)
from agents.signals.stream_store import StreamStore
from agents.signals.streams import DeliveryMethod, Stream, StreamStatus, Verification
from schemas.named_subjects import subject_digests

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_REMOVED_SUBJECTS_MAX: Final = 1000
_PRIVATE: Final = {"cache-control": "no-store"}
_PUBLIC: Final = {"cache-control": "public, max-age=60"}

Ends = Callable[[], Awaitable[dict[str, list[int]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one receiver may take.

    Attributes:
        streams_per_receiver_max: more are refused.
        poll_events_max: events in one answer.
        poll_wait_s_max: how long a poll waits.
    """

    streams_per_receiver_max: int
    poll_events_max: int
    poll_wait_s_max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What the endpoints are made of.

    Attributes:
        endpoints: where they are.
        token_issuer: where receivers get tokens.
        rules: of streams.
        limits: of receivers.
        callers: who calls, and which streams are theirs.
        store: the streams.
        polled: the streams to poll.
        keys: what signs.
        reads_verdicts: whether a stream reads verdicts.
        ends: where the topics that streams are read from end now, by topic and partition.
    """

    endpoints: Endpoints
    token_issuer: str
    rules: StreamRules
    limits: Limits
    callers: Callers
    store: StreamStore
    polled: PollStreams
    keys: CurrentSigningKeys
    reads_verdicts: Callable[[Stream], bool]
    ends: Ends
    _verified_s: dict[str, float] = field(default_factory=dict[str, float])

    def app(self) -> Starlette:
        """The endpoints as an ASGI application."""
        path, manage = self.endpoints.path, self.endpoints.path + "/ssf"
        return Starlette(
            routes=[
                Route(self.endpoints.well_known("ssf-configuration"), self._configuration),
                Route(self.endpoints.well_known("oauth-protected-resource"), self._resource),
                Route(f"{manage}/jwks.json", self._jwks),
                Route(f"{manage}/streams", self._create, methods=["POST"]),
                Route(f"{manage}/streams", self._read, methods=["GET"]),
                Route(f"{manage}/streams", self._update, methods=["PATCH"]),
                Route(f"{manage}/streams", self._replace, methods=["PUT"]),
                Route(f"{manage}/streams", self._delete, methods=["DELETE"]),
                Route(f"{manage}/status", self._read_status, methods=["GET"]),
                Route(f"{manage}/status", self._update_status, methods=["POST"]),
                Route(f"{manage}/subjects/add", self._add_subject, methods=["POST"]),
                Route(f"{manage}/subjects/remove", self._remove_subject, methods=["POST"]),
                Route(f"{manage}/verify", self._verify, methods=["POST"]),
                Route(f"{path}/ssf/poll/{{stream_id}}", self._poll, methods=["POST"]),
            ],
            exception_handlers=dict.fromkeys(ANSWERED, answer),
        )

    # Discovery: for everybody.

    async def _configuration(self, _request: Request) -> Response:
        return JSONResponse(self.endpoints.transmitter(), headers=_PUBLIC)

    async def _resource(self, _request: Request) -> Response:
        document = self.endpoints.protected_resource(self.token_issuer)
        return JSONResponse(document, headers=_PUBLIC)

    async def _jwks(self, _request: Request) -> Response:
        return JSONResponse(self.keys.get().public, headers=_PUBLIC)

    # Stream configuration.

    async def _create(self, request: Request) -> Response:
        caller = self.callers.caller(request, MANAGE)
        wishes = decoded(await body_of(request), StreamWishes)
        stream = self.rules.new(secrets.token_hex(16), caller.receiver, wishes)
        theirs = sum(each.receiver == caller.receiver for each in self.store.all())
        if theirs >= self.limits.streams_per_receiver_max:
            raise Forbidden(f"a receiver has {theirs} streams at most")
        stream = msgspec.structs.replace(stream, begins_at=await self.ends())
        await self.store.put(stream)
        _logger.info("signals.stream-created", stream=stream.stream_id)
        return self._shown(stream, 201)

    async def _read(self, request: Request) -> Response:
        caller = self.callers.caller(request, READ, MANAGE)
        stream_id = request.query_params.get("stream_id")
        if stream_id is not None:
            return self._shown(self.callers.stream(caller, stream_id))
        shown = [
            self.rules.shown(each, self.endpoints.poll(each.stream_id))
            for each in self.store.all()
            if each.receiver == caller.receiver
        ]
        return JSONResponse(shown, headers=_PRIVATE)

    async def _update(self, request: Request) -> Response:
        return await self._change(request, self.rules.updated)

    async def _replace(self, request: Request) -> Response:
        return await self._change(request, self.rules.replaced)

    async def _change(
        self, request: Request, changed: Callable[[Stream, StreamWishes], Stream]
    ) -> Response:
        caller = self.callers.caller(request, MANAGE)
        content = await body_of(request)
        document = object_of(content)
        stream_id = document.get("stream_id")
        if not isinstance(stream_id, str):
            raise Unacceptable("stream_id is missing")
        stream = self.callers.stream(caller, stream_id)
        self.rules.require_ours_unchanged(stream, self.endpoints.poll(stream_id), document)
        changed_stream = changed(stream, decoded(content, StreamWishes))
        if self.reads_verdicts(changed_stream) and not self.reads_verdicts(stream):
            # What it did not carry before was not kept for it.
            begins_at = stream.begins_at | await self.ends()
            changed_stream = msgspec.structs.replace(changed_stream, begins_at=begins_at)
        await self.store.put(changed_stream)
        return self._shown(changed_stream)

    async def _delete(self, request: Request) -> Response:
        caller = self.callers.caller(request, MANAGE)
        stream = self.callers.stream(caller, request.query_params.get("stream_id", ""))
        await self.store.delete(stream.stream_id)
        _logger.info("signals.stream-deleted", stream=stream.stream_id)
        return Response(status_code=204)

    def _shown(self, stream: Stream, status: int = 200) -> Response:
        shown = self.rules.shown(stream, self.endpoints.poll(stream.stream_id))
        return JSONResponse(shown, status, headers=_PRIVATE)

    # Status.

    async def _read_status(self, request: Request) -> Response:
        caller = self.callers.caller(request, READ, MANAGE)
        return _status(self.callers.stream(caller, request.query_params.get("stream_id", "")))

    async def _update_status(self, request: Request) -> Response:
        caller = self.callers.caller(request, MANAGE)
        wish = decoded(await body_of(request), StatusWish)
        stream = self.callers.stream(caller, wish.stream_id)
        try:
            status = StreamStatus(wish.status)
        except ValueError:
            raise Unacceptable("status is none of enabled, paused and disabled") from None
        begins_at = stream.begins_at
        if stream.status is StreamStatus.DISABLED and status is not StreamStatus.DISABLED:
            begins_at = await self.ends()  # nothing was held meanwhile
        stream = msgspec.structs.replace(
            stream, status=status, reason=wish.reason, begins_at=begins_at
        )
        await self.store.put(stream)
        _logger.info("signals.stream-status", stream=stream.stream_id, status=status.value)
        return _status(stream)

    # Subjects and verification.

    async def _add_subject(self, request: Request) -> Response:
        stream, subject = await self._named_subject(request)
        await self.store.add_subject(stream.stream_id, subject)
        return Response(status_code=200)

    async def _remove_subject(self, request: Request) -> Response:
        stream, subject = await self._named_subject(request)
        if self.store.removed_count(stream.stream_id) >= _REMOVED_SUBJECTS_MAX:
            raise Forbidden(f"a stream can do without {_REMOVED_SUBJECTS_MAX} subjects at most")
        await self.store.remove_subject(stream.stream_id, subject)
        return Response(status_code=204)

    async def _named_subject(self, request: Request) -> tuple[Stream, Mapping[str, str]]:
        caller = self.callers.caller(request, MANAGE)
        wish = decoded(await body_of(request), SubjectWish)
        stream = self.callers.stream(caller, wish.stream_id)
        if not isinstance(wish.subject.get("format"), str):
            raise Unacceptable("subject has no format")
        # Whether there is such a person is not told: any subject may be named (SSF section 9.1).
        return stream, subject_digests(wish.subject, stream.stream_id)

    async def _verify(self, request: Request) -> Response:
        caller = self.callers.caller(request, MANAGE)
        wish = decoded(await body_of(request), VerificationWish)
        stream = self.callers.stream(caller, wish.stream_id)
        if stream.status is StreamStatus.DISABLED:
            raise Unacceptable("the stream is disabled: nothing is sent and nothing is held")
        now_s, interval_s = time.monotonic(), self.rules.verification_interval_s_min
        left_s = self._verified_s.get(stream.stream_id, -interval_s) + interval_s - now_s
        if left_s > 0:
            raise TooManyRequests(str(int(left_s) + 1))
        self._verified_s[stream.stream_id] = now_s
        asked = Verification(
            verification_id=secrets.token_hex(16),
            state=wish.state,
            asked_ms=time.time_ns() // 1_000_000,
        )
        await self.store.ask_verification(stream.stream_id, asked)
        return Response(status_code=204)

    # Poll.

    async def _poll(self, request: Request) -> Response:
        caller = self.callers.caller(request, POLL, READ, MANAGE)
        stream = self.callers.stream(caller, request.path_params["stream_id"])
        if stream.delivery.method is not DeliveryMethod.POLL:
            raise NoSuchStream
        wish = decoded(await body_of(request), PollWish)
        polled = await self.polled.get(stream)
        if wish.ack or wish.set_errs:
            for jti, error in wish.set_errs.items():
                _logger.error(
                    "signals.refused",
                    stream=stream.stream_id,
                    jti=jti[:64],
                    code=str(error.get("err", ""))[:64],
                )
            await polled.acknowledge([*wish.ack, *wish.set_errs])
        count_max = self.limits.poll_events_max
        if wish.max_events is not None:
            count_max = min(count_max, wish.max_events)
        if stream.status is not StreamStatus.ENABLED or not count_max:
            return JSONResponse({"sets": {}}, headers=_PRIVATE)
        wait_s = 0.0 if wish.return_immediately else self.limits.poll_wait_s_max
        tokens, more = await polled.events(count_max, wait_s)
        keys = self.keys.get()
        content: dict[str, object] = {
            "sets": {token.jti: keys.signed(token.claims) for token in tokens}
        }
        if more:
            content["moreAvailable"] = True
        return JSONResponse(content, headers=_PRIVATE)


def _status(stream: Stream) -> Response:
    content = {"stream_id": stream.stream_id, "status": stream.status.value}
    if stream.reason is not None:
        content["reason"] = stream.reason
    return JSONResponse(content, headers=_PRIVATE)
