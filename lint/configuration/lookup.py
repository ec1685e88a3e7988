"""Which settings a file is linted with."""

from __future__ import annotations

import os
from collections.abc import Sequence

from domlint.configuration import Given, Settings
from domlint.configuration.discovery import Discovery


class Lookup:
    """The settings of each folder: of the nearest configuration file, or of one that was given; or of none.

    What the command line says goes before that.
    """

    def __init__(self, given: Given, config: str | None = None, is_isolated: bool = False) -> None:
        """``config`` is the path of the one configuration file. Raises ConfigurationError where it cannot be used."""
        self.given = given
        self._working_folder = _working_folder()
        self._discovery = None if is_isolated or config is not None else Discovery()
        self._by_folder: dict[str, Settings] = {}
        self._by_file: dict[str, Settings] = {}
        self._default = given.over(Settings(), self._working_folder)
        if config is not None:
            from domlint.configuration.reading import read_file
            from domlint.configuration.settings import settings_of

            self._default = given.over(settings_of(read_file(config)), self._working_folder)

    def of_folder(self, folder: str) -> Settings:
        """The settings of the files in a folder. Raises ConfigurationError."""
        if self._discovery is None:
            return self._default
        found = self._by_folder.get(folder)
        if found is None:
            found = self._by_folder[folder] = self._nearest(os.path.join(self._working_folder, folder))
        return found

    def of_file(self, path: str) -> Settings:
        """The settings of a file, or of a folder as something that is in another one. Raises ConfigurationError."""
        return self.of_folder(os.path.dirname(path))

    def of_run(self, paths: Sequence[str], stdin_name: str) -> Settings:
        """The settings that count for the run as a whole: those of the folder that domlint runs in.

        Where it has no configuration file, those of the first path. Raises ConfigurationError.
        """
        found = self.of_folder("")
        if found.file is not None or not paths:
            return found
        first = stdin_name if paths[0] == "-" else paths[0]
        return self.of_folder(first) if os.path.isdir(first) else self.of_file(first)

    def _nearest(self, folder: str) -> Settings:
        assert self._discovery is not None
        file = self._discovery.nearest(os.path.normpath(folder))
        if file is None:
            return self._default
        settings = self._by_file.get(file.path)
        if settings is None:
            from domlint.configuration.settings import settings_of

            settings = self._by_file[file.path] = self.given.over(settings_of(file), self._working_folder)
        return settings


def _working_folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was deleted
        return os.sep
