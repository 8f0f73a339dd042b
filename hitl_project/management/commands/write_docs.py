"""Write the parts of docs/ that the code says better."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from pydantic.fields import FieldInfo

from realtime.messages import ADDED, MESSAGES, REQUESTS

BEGIN, END = "<!-- made from realtime/messages.py: make docs -->\n", "<!-- end -->"
DOCS: Path = settings.BASE_DIR / "docs"


class Command(BaseCommand):
    help = "Write docs/openapi.yaml, and the message tables of docs/protocol.md."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("spectacular", file=str(DOCS / "openapi.yaml"), validate=True)
        page = DOCS / "protocol.md"
        page.write_text(with_tables(page.read_text()))


def with_tables(page: str) -> str:
    """The protocol page with its message tables as the code declares them."""
    before, rest = page.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    return f"{before}{BEGIN}\n{message_tables()}\n{END}{after}"


def message_tables() -> str:
    requests = [_row(name, model) for name, model in REQUESTS.items()]
    messages = [_row(model.model_fields["type"].default, model) for model in MESSAGES]
    head = ["| type | what it does | fields |", "| --- | --- | --- |"]
    parts = ["### From client to server", "", *head, *requests, ""]
    parts += ["### From server to client", "", "Each has a `timestamp`.", "", *head, *messages, ""]
    return "\n".join(parts)


def _row(name: str, model: Any) -> str:
    hidden = {"type"} if model in REQUESTS.values() else {"type", "timestamp"}
    fields = [
        f"`{field}`{'' if _always(info, model) else ' (optional)'}{_since(info)}"
        for field, info in model.model_fields.items()
        if field not in hidden
    ]
    return f"| `{name}` | {model.__doc__.strip()} | {', '.join(fields) or '–'} |"


def _since(info: FieldInfo) -> str:
    return " (added)" if info.description == ADDED else ""


def _always(info: FieldInfo, model: Any) -> bool:
    """Whether a field is always there: what a client must send, what a server does send."""
    return info.is_required() or (model in MESSAGES and info.default is not None)
