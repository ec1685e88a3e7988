"""Which configuration file a folder's files are linted with: the nearest one, upwards."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from domlint.configuration.reading import ConfigurationFile

OWN_NAMES: Final = (".domlint.toml", "domlint.toml")
"""The names of files that are a configuration as a whole, of two in one folder the one that counts first."""

SHARED_NAME: Final = "pyproject.toml"
"""The name of a file that may have a configuration among other things."""

LARGEST_FILE: Final = 1024 * 1024
"""Bytes of a configuration file."""

# However TOML lets one write the table [tool.domlint]; what looks so by chance is read, and found to have none.
_MAY_HAVE_TABLE: Final = (
    rb"""(?mx) tool["']?\s*\.\s*["']?domlint | ^\s*\[\s*["']?tool["']?\s*\] | ^\s*["']?tool["']?\s*="""
)


class Discovery:
    """Finds the configuration file of each folder, and asks the file system once for each."""

    def __init__(self) -> None:
        self._found: dict[str, ConfigurationFile | None] = {}

    def nearest(self, folder: str) -> ConfigurationFile | None:
        """The configuration file that counts in a folder (an absolute path).

        None where neither it nor a folder above has one, up to the first that is the top of a git repository. Raises
        ConfigurationError where the file cannot be read as TOML.
        """
        asked = []
        while folder not in self._found:
            asked.append(folder)
            found = _in_folder(folder)
            parent = os.path.dirname(folder)
            if found is not None or parent == folder or os.path.lexists(os.path.join(folder, ".git")):
                self._found[folder] = found
                break
            folder = parent
        found = self._found[folder]
        self._found.update(dict.fromkeys(asked, found))
        return found


def _in_folder(folder: str) -> ConfigurationFile | None:
    for name in OWN_NAMES:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            from domlint.configuration.reading import read_file

            return read_file(path)
    path = os.path.join(folder, SHARED_NAME)
    return _with_table(path) if os.path.isfile(path) else None


def _with_table(path: str) -> ConfigurationFile | None:
    from domlint.reading import read_at_most

    try:
        data = read_at_most(path, LARGEST_FILE)
    except (OSError, ValueError):
        return None  # whoever wrote it may never have heard of domlint
    if re.search(_MAY_HAVE_TABLE, data) is None:
        return None
    from domlint.configuration.reading import read_shared_file

    return read_shared_file(path)
