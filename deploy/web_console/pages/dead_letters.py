"""Input that could not be decoded: what is wrong with it, and for operators what it was."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from deploy.records.connection import Connection
from deploy.records.topic_record import TopicRecord
from deploy.web_console.action_log import log_action
from deploy.web_console.actions import Form, action
from deploy.web_console.letter_view import (
    advice_for,
    content_of,
    headers_of,
    letter_row,
    what_was_cut,
)
from deploy.web_console.letters import SHOWN_MAX, letter_at, newest_letters
from deploy.web_console.rendering import Renderer
from deploy.web_console.replays import Replays
from deploy.web_console.visit import visit_of


class DeadLetterPages:
    """List and letter."""

    def __init__(self, renderer: Renderer, connection: Connection, replays: Replays) -> None:
        """Take what they need."""
        self._renderer: Final = renderer
        self._connection: Final = connection
        self._replays: Final = replays

    @property
    def routes(self) -> list[Route]:
        """Where they are."""
        one = "/dead-letters/{partition:int}/{offset:int}"
        return [
            Route("/dead-letters", self._list, methods=["GET"]),
            Route(one, self._letter, methods=["GET"]),
            Route(f"{one}/replay", action(self._replay_it, for_operators=True), methods=["POST"]),
        ]

    async def _list(self, request: Request) -> Response:
        code = request.query_params.get("code", "")
        found = await newest_letters(self._connection, code=code)
        shown = self._renderer.shown(request)
        if shown.is_clear and found.letters:
            log_action(visit_of(request).identity, "dead-letters-listed", ids_in_clear=True)
        context = {
            "letters": [letter_row(letter, shown) for letter in found.letters],
            "by_code": found.by_code.most_common(),
            "total": found.by_code.total(),
            "is_all": found.is_all,
            "code": code,
            "shown_max": SHOWN_MAX,
        }
        return self._renderer.page(request, "dead_letters", context)

    async def _letter(self, request: Request) -> Response:
        letter = await self._asked_for(request)
        shown = self._renderer.shown(request)
        row = letter_row(letter, shown)
        log_action(
            visit_of(request).identity,
            "dead-letter-viewed",
            place=row.place,
            content_in_clear=shown.is_clear,
        )
        key = (letter.key or b"").decode(errors="replace")
        context = {
            "letter": row,
            "advice": advice_for(row.code),
            "cut": what_was_cut(letter),
            "reference": shown.reference(key) if key else "",
            "size": len(letter.value or b""),
            "content": content_of(letter.value) if shown.is_clear else None,
            "headers": headers_of(letter) if shown.is_clear else [],
            "may_replay": shown.is_clear and self._replays.is_on,
            "replay": self._replays.of(letter),
        }
        return self._renderer.page(request, "dead_letter", context)

    async def _replay_it(self, request: Request, form: Form) -> Response:
        del form
        if not self._replays.is_on:
            raise HTTPException(403, "Set BIOLATCH_CONSOLE__REPLAY=true to replay from here.")
        letter = await self._asked_for(request)
        place = f"{letter.partition.number}/{letter.offset}"
        log_action(visit_of(request).identity, "dead-letter-replayed", place=place)
        self._replays.begin(letter)
        return RedirectResponse(f"/dead-letters/{place}", status_code=303)

    async def _asked_for(self, request: Request) -> TopicRecord:
        number, offset = request.path_params["partition"], request.path_params["offset"]
        letter = await letter_at(self._connection, number, offset)
        if letter is None:
            raise HTTPException(404, "There is no such dead letter, or none any more.")
        return letter
