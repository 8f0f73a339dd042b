"""Up to where a program has handled each channel, kept in a file if it names one."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from hitl_client.errors import PositionsUnreadable
from hitl_client.records import Position

_BY_CHANNEL = TypeAdapter(dict[str, Position])


class Positions:
    """The position of each channel: that of the last event that the program has handled.

    Those of a file count more than those of `since`. One file is for one follower.
    """

    def __init__(
        self, path: Path | str | None = None, since: Mapping[str, Position] | None = None
    ) -> None:
        self._path = None if path is None else Path(path)
        self._known = {**(since or {}), **self._read()}

    def get(self, channel: str) -> Position | None:
        return self._known.get(channel)

    def of(self, channels: list[str]) -> dict[str, Position]:
        """Return the positions of those channels that have one."""
        return {name: self._known[name] for name in channels if name in self._known}

    def set(self, channel: str, position: Position) -> None:
        """Remember a position, in the file too. Raise PositionsUnreadable if that is impossible."""
        self._known[channel] = position
        self._write()

    def _read(self) -> dict[str, Position]:
        if self._path is None:
            return {}
        try:
            return _BY_CHANNEL.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unreadable(f"it cannot be read: {error.strerror}") from None
        except ValidationError:
            raise self._unreadable("it is damaged; without it, following begins now") from None

    def _write(self) -> None:
        """Replace the file at once: whoever is killed leaves the one before, or the new one."""
        if self._path is None:
            return
        known = {name: one.model_dump() for name, one in self._known.items()}
        try:
            self._replace(json.dumps(known))
        except OSError as error:
            raise self._unreadable(f"it cannot be written: {error.strerror}") from None

    def _replace(self, text: str) -> None:
        assert self._path is not None
        folder = self._path.parent
        number, name = tempfile.mkstemp(dir=folder, prefix=f".{self._path.name}.")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(name, self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _unreadable(self, why: str) -> PositionsUnreadable:
        return PositionsUnreadable(f"The file of positions {self._path}: {why}.")
