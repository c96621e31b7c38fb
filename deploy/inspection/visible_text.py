"""Text from outside, without anything that a terminal would act upon."""


def visible(text: str | bytes | None) -> str:
    """The text with every character that cannot be seen written as an escape.

    Bytes that are not UTF-8 become U+FFFD. None is shown as a dash.
    """
    if text is None:
        return "-"
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
