"""The words of each message, by language: Fluent catalogues that come with the package.

Owns how a message becomes text. Which language a person reads is not for biolatch to know, so
every configured language is in each notification, and whoever shows it chooses.
"""

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from fluent.runtime import FluentBundle, FluentResource

from agents.notifier.messages import Message
from events.errors import InvariantBroken, Misconfigured
from events.vocabulary import PromptLabel
from schemas.notifications import NotificationText

_FOLDER: Final = files("agents.notifier") / "locales"
_ENDING: Final = ".ftl"

_LABELS: Final = {
    PromptLabel.TOUCH_ID: "touch-id",
    PromptLabel.FACE_ID: "face-id",
    PromptLabel.FACE: "face",
    PromptLabel.FINGERPRINT: "fingerprint",
    None: "unknown",
}
"""How the catalogues choose by the word for the check."""


def locales_there_are() -> list[str]:
    """The language tags of all catalogues."""
    names = [file.name for file in _FOLDER.iterdir() if file.name.endswith(_ENDING)]
    return sorted(name.removesuffix(_ENDING) for name in names)


class Catalogues:
    """The catalogues of some languages, read once."""

    def __init__(self, locales: Sequence[str]) -> None:
        """Read them.

        Raises:
            Misconfigured: there is none of a language.
        """
        there_are = locales_there_are()
        if unknown := [locale for locale in locales if locale not in there_are]:
            raise Misconfigured(
                "notifier.unknown-locale",
                f"BIOLATCH_NOTIFIER__LOCALES: there is no catalogue {', '.join(unknown)}; there "
                f"are {', '.join(there_are)}",
            )
        self._bundles = {locale: _bundle(locale) for locale in locales}
        self._cached = lru_cache(maxsize=256)(self._in_all)

    def texts(
        self, message: Message, prompt_label: PromptLabel | None
    ) -> dict[str, NotificationText]:
        """The message in every language, by language tag; not to be changed."""
        return self._cached(message, prompt_label)

    def _in_all(
        self, message: Message, prompt_label: PromptLabel | None
    ) -> dict[str, NotificationText]:
        label = _LABELS[prompt_label]
        return {
            locale: NotificationText(
                title=_words(bundle, message.name, "title", label),
                body=_words(bundle, message.name, "body", label),
                steps=tuple(_words(bundle, step, None, label) for step in message.steps),
            )
            for locale, bundle in self._bundles.items()
        }


def _bundle(locale: str) -> FluentBundle:
    # Without the marks around what is filled in: no word here runs from right to left.
    bundle = FluentBundle([locale], use_isolating=False)
    text = (_FOLDER / f"{locale}{_ENDING}").read_text(encoding="utf-8")
    bundle.add_resource(FluentResource(text))
    return bundle


def _words(bundle: FluentBundle, name: str, attribute: str | None, label: str) -> str:
    message = bundle.get_message(name)
    pattern: Any = message.value if attribute is None else message.attributes[attribute]
    words, errors = bundle.format_pattern(pattern, {"label": label})
    if errors:
        raise InvariantBroken("notifier.catalogue", f"{bundle.locales[0]}.ftl: {name}: {errors[0]}")
    return str(words)
