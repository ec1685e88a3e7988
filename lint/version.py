"""The version of domlint."""

from typing import Final

VERSION: Final = "0.1.0"
