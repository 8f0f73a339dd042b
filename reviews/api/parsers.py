"""Reading request bodies."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StrictJSONParser(JSONParser):
    """JSON without NaN or Infinity, bounded in depth."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        assert parser_context is not None
        try:
            return super().parse(stream, media_type, dict(parser_context))
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None
        except UnicodeDecodeError:
            raise ParseError("JSON parse error - the body is not UTF-8") from None
