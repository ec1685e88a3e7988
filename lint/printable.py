"""Text from files made safe for a terminal."""


def printable(text: str) -> str:
    """The text with everything that a terminal could act on written as an escape, as repr() does.

    Control characters, line ends and marks that turn the direction of writing become visible escapes; letters of any
    language stay.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
