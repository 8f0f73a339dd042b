"""Write what is generated from the code: parts of docs/, and of the clients."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hitl_project import python_client
from hitl_project.javascript_messages import javascript_messages
from realtime import registry
from realtime.messages import ADDED, MESSAGES, Message
from realtime.socket.close_codes import CLOSE_CODES, CloseCode
from realtime.socket.requests import REQUESTS

DOCS: Path = settings.BASE_DIR / "docs"
END = "<!-- end -->"
SOCKET_MODULE: Path = settings.BASE_DIR / "realtime" / "static" / "realtime" / "socket.js"
PACKAGE_MESSAGES: Path = settings.BASE_DIR / "clients" / "js" / "src" / "messages.js"
BEGIN_CODES, END_CODES = "  // Made from the code: make docs\n", "  // End\n"


class Command(BaseCommand):
    help = (
        "Write docs/openapi.yaml, the tables of docs/protocol.md and of the browser module, the "
        "messages of clients/js, and the classes of clients/python."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("spectacular", file=str(DOCS / "openapi.yaml"), validate=True)
        page = DOCS / "protocol.md"
        page.write_text(with_tables(page.read_text()))
        SOCKET_MODULE.write_text(with_close_codes(SOCKET_MODULE.read_text()))
        PACKAGE_MESSAGES.write_text(javascript_messages())
        for path, text in python_client.modules().items():
            path.write_text(text)


def with_tables(page: str) -> str:
    """Return the protocol page with its tables as the code declares them."""
    tables = {"messages": message_tables(), "close codes": close_code_table()}
    for name, table in tables.items():
        begin = f"<!-- {name}, made from the code: make docs -->\n"
        before, rest = page.split(begin, 1)
        after = rest.split(END, 1)[1]
        page = f"{before}{begin}\n{table}\n{END}{after}"
    return page


def messages() -> tuple[type[Message], ...]:
    """Return all messages from servers: those of the socket itself, then those of the channels."""
    return (*MESSAGES, *registry.messages())


def message_tables() -> str:
    requests = [_row(name, model) for name, model in REQUESTS.items()]
    rows = [_row(model.name(), model) for model in messages()]
    head = ["| type | what it does | fields |", "| --- | --- | --- |"]
    parts = ["### From client to server", "", *head, *requests, ""]
    parts += ["### From server to client", "", "Each has a `timestamp`.", "", *head, *rows, ""]
    return "\n".join(parts)


def close_code_table() -> str:
    head = ["| close code | reason | when | what a client does |", "| --- | --- | --- | --- |"]
    rows = [
        f"| {int(code)} | {code.reason} | {code.meaning} | {code.action.words} |"
        for code in CLOSE_CODES
    ]
    return "\n".join([*head, *rows, ""])


def with_close_codes(module: str) -> str:
    """Return the browser module with its close codes as the code declares them.

    If two have the same number, the reason distinguishes the first of them.
    """
    before, rest = module.split(BEGIN_CODES, 1)
    after = rest.split(END_CODES, 1)[1]
    rows = "".join(f'  {_key(code)}: "{code.action.in_browser}",\n' for code in CLOSE_CODES)
    return before + BEGIN_CODES + rows + END_CODES + after


def _key(code: CloseCode) -> str:
    last = [one for one in CLOSE_CODES if one == code][-1]
    return str(int(code)) if code is last else f'"{int(code)} {code.reason}"'


def _row(name: str, model: type[BaseModel]) -> str:
    hidden = {"type"} if model in REQUESTS.values() else {"type", "timestamp"}
    fields = [
        f"`{field}`{'' if _always(info, model) else ' (optional)'}{_since(info)}"
        for field, info in model.model_fields.items()
        if field not in hidden
    ]
    return f"| `{name}` | {(model.__doc__ or '').strip()} | {', '.join(fields) or '–'} |"


def _since(info: FieldInfo) -> str:
    return " (added)" if info.description == ADDED else ""


def _always(info: FieldInfo, model: type[BaseModel]) -> bool:
    """Return whether a field is always present: required from clients, always sent by servers."""
    return info.is_required() or (model in messages() and info.default is not None)
