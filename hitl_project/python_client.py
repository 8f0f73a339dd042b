"""The modules of the Python client that are made from the code: `make docs` writes them.

`choices` has the known values, `messages` what the socket sends, `records` what REST returns and
takes, `close_codes` what a client does after each. All but the last come from JSON schemas.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from django.conf import settings
from django.db.models import TextChoices
from drf_spectacular.generators import SchemaGenerator

import forges.choices
import reviews.choices
from realtime import registry
from realtime.messages import ADDED, MESSAGES, LogMessage, Message, Refusal
from realtime.socket.close_codes import CLOSE_CODES, CloseCode
from reviews.decision_kinds import DecisionKind
from reviews.events import ClaimWhat, CommentWhat, DeadlineWhat, What

PACKAGE: Path = settings.BASE_DIR / "clients" / "python" / "hitl_client"
HEADER = '"""{says}\n\nMade from the code of the server: make docs.\n"""\n'
RECORDS = (
    *("Position", "Check", "Change", "Withdrawn", "AdvisoryOfAPV", "APV", "APVLine", "QueueItem"),
    *("Effect", "Retraction", "Decision", "Stats", "Ticket"),
)
"""The components of the REST API that clients read, each after those that it has in it."""
FIELDS = {
    "ChangeFields": "ChangeRequest",
    "APVFields": "APVRequest",
    "EvidenceFields": "PatchedEvidenceRequest",
}
"""What clients send, by the name of its type."""
FILTERS = {
    "QueueFilters": ("Filters of the queue.", "/hitl/reviews"),
    "APVFilters": ("Filters and order of the list of all APVs.", "/hitl/apvs"),
    "DecisionFilters": ("Filters of the list of all decisions.", "/hitl/decisions"),
}
OF_PAGES = {"after", "limit", "offset", "skip"}
SIMPLE = {"integer": "int", "number": "float", "boolean": "bool", "null": "None", "string": "str"}
FORMATS = {"uuid": "UUID", "date-time": "datetime"}
TAKEN = {"from": "from_"}
"""Names of fields that are Python's own."""
WIDTH = 100

Schema = Mapping[str, Any]


def modules() -> dict[Path, str]:
    """Return the text of each module that is made from the code."""
    generator: Any = SchemaGenerator
    rest = generator().get_schema(request=None, public=True)
    types = Types(rest["components"]["schemas"])
    made = {
        "messages": _messages(types),
        "records": _records(types, rest),
        "close_codes": _close_codes(),
    }
    made["choices"] = _choices(types)  # those that the others use
    return {PACKAGE / f"{name}.py": text for name, text in made.items()}


class Types:
    """Python's types for JSON schemas. Collects the names of the lists of values in them."""

    def __init__(self, components: Schema) -> None:
        self.components = components
        self.used: set[str] = set()
        self._names = {frozenset(values): name for name, values in CHOICES.items()}

    def of(self, schema: Schema, defs: Schema, *, is_open: bool) -> str:
        """Return the type of a schema.

        `defs` has what it refers to. If it `is_open`, a newer server may send further values.
        """
        kinds = dict.fromkeys(self._parts(schema, defs, is_open))
        return " | ".join(sorted(kinds, key=lambda kind: kind == "None"))

    def _parts(self, schema: Schema, defs: Schema, is_open: bool) -> Iterator[str]:
        match schema:
            case {"$ref": str(path)}:
                yield from self._named(path.rpartition("/")[2], defs, is_open)
            case {"const": value}:
                yield f'Literal["{value}"]'
            case {"enum": [*values]}:
                yield from self._one_of(values, is_open)
            case {"oneOf": parts} | {"anyOf": parts} | {"allOf": parts}:
                for part in parts:
                    yield from self._parts(part, defs, is_open)
            case {"type": [*kinds]}:
                for kind in kinds:
                    yield from self._parts({**schema, "type": kind}, defs, is_open)
            case {"type": "array"}:
                yield f"list[{self.of(schema['items'], defs, is_open=is_open)}]"
            case {"type": "object", "additionalProperties": dict()}:
                yield f"dict[str, {self.of(schema['additionalProperties'], defs, is_open=is_open)}]"
            case {"type": "object"}:
                yield "dict[str, Any]"
            case {"type": "string", "format": "uuid" | "date-time" as form}:
                yield FORMATS[form]
            case {"type": kind}:
                yield SIMPLE[kind]
            case _:
                yield "Any"

    def _named(self, name: str, defs: Schema, is_open: bool) -> Iterator[str]:
        found = defs[name]
        if found.get("type") != "object":
            yield from self._parts(found, defs, is_open)
        else:
            sent = {component: fields for fields, component in FIELDS.items()}
            yield sent.get(name, name)

    def _one_of(self, values: list[Any], is_open: bool) -> Iterator[str]:
        known = [value for value in values if value]
        if known:
            name = self._names[frozenset(known)]
            self.used.add(name)
            yield name
        if is_open:
            yield "str"
        elif len(known) < len(values):
            yield 'Literal[""]'


def _declared_choices() -> Iterator[type[TextChoices]]:
    for module in (forges.choices, reviews.choices):
        for one in vars(module).values():
            if isinstance(one, type) and issubclass(one, TextChoices) and one is not TextChoices:
                yield one
    yield DecisionKind


CHOICES: dict[str, Sequence[str]] = {
    **{one.__name__: one.values for one in _declared_choices()},
    "What": get_args(What),
    "ClaimWhat": get_args(ClaimWhat),
    "DeadlineWhat": get_args(DeadlineWhat),
    "CommentWhat": get_args(CommentWhat),
    "Refusal": get_args(Refusal),
}
"""All lists of values that the code has a name for."""


# -- Messages ---------------------------------------------------------------------------------


def _messages(types: Types) -> str:
    declared = (*MESSAGES, *registry.messages())
    classes = [_message(types, model) for model in declared]
    rows = [f'    "{model.name()}": {model.__name__},' for model in declared]
    table = ["MESSAGES: dict[str, type[Message]] = {", *rows, "}"]
    body = [*classes, "\n".join([*table, '"""The classes of messages by their `type`."""'])]
    body[-1] += f"\n\nLOGS = {_tuple(registry.LOGS)}"
    body[-1] += '\n"""The channels of numbered events."""'
    body[-1] += f"\nLAST_VALUES = {_tuple(registry.LAST_VALUES)}"
    body[-1] += '\n"""The channels that carry only their latest value."""'
    says = "What the socket sends: a class for each message of docs/protocol.md."
    return _module(says, body, {"hitl_client.records": "Position"})


def _message(types: Types, model: type[Message]) -> str:
    schema = model.model_json_schema()
    fields = [_message_field(types, schema, name) for name in schema["properties"]]
    base = "Event" if issubclass(model, LogMessage) else "Message"
    return _class(model.__name__, base, model.__doc__ or "", [one for one in fields if one])


def _message_field(types: Types, schema: Schema, name: str) -> str:
    field = schema["properties"][name]
    if name in {"timestamp", "offset"}:  # of the base
        return ""
    kind = types.of(field, schema.get("$defs", {}), is_open=True)
    if name == "type":
        return f'{name}: {kind} = "{field["const"]}"'
    if field.get("description") == ADDED:
        return f"{name}: {kind} | None = None"
    return f"{name}: {kind}{' = None' if 'default' in field and field['default'] is None else ''}"


# -- REST -------------------------------------------------------------------------------------


def _records(types: Types, rest: Schema) -> str:
    components = types.components
    body = [_record(types, name, components[name]) for name in RECORDS]
    body += [_fields(types, name, components[one]) for name, one in FIELDS.items()]
    for name, (says, path) in FILTERS.items():
        body.append(_filters(types, name, says, rest["paths"][path]["get"]))
    return _module("What REST returns, and what it takes.", body, {})


def _record(types: Types, name: str, schema: Schema) -> str:
    fields = []
    for field, of in schema["properties"].items():
        kind = types.of(of, types.components, is_open=True)
        own = TAKEN.get(field, field)
        fields.append(f"{own}: {kind}" + (f' = Field(alias="{field}")' if own != field else ""))
    return _class(name, "Record", schema.get("description", ""), fields)


def _fields(types: Types, name: str, schema: Schema) -> str:
    """Return the dictionary that a client sends. A class cannot have a field `from`."""
    required = schema.get("required", ())
    kinds = {
        field: types.of(of, types.components, is_open=False)
        for field, of in schema["properties"].items()
    }
    fields = {
        field: f"Required[{kind}]" if field in required else kind for field, kind in kinds.items()
    }
    if TAKEN.keys() & fields.keys():
        rows = "".join(f'        "{field}": {kind},\n' for field, kind in fields.items())
        made = f'{name} = TypedDict(\n    "{name}",\n    {{\n{rows}    }},\n    total=False,\n)'
        return f"{made}\n{_docstring(schema['description'], '')}"
    rows_of_class = [f"{field}: {kind}" for field, kind in fields.items()]
    return _class(name, "TypedDict, total=False", schema["description"], rows_of_class)


def _filters(types: Types, name: str, says: str, operation: Schema) -> str:
    found = {
        one["name"]: one["schema"]
        for one in operation["parameters"]
        if one["name"] not in OF_PAGES and one["in"] == "query"
    }
    fields = [f"{field}: {_filter(types, schema)}" for field, schema in found.items()]
    return _class(name, "TypedDict, total=False", says, fields)


def _filter(types: Types, schema: Schema) -> str:
    if schema["type"] == "array":  # names that are joined by commas
        return "str"
    known = {**schema, "type": "string"}
    return types.of(known, types.components, is_open=False)


# -- Choices and close codes ------------------------------------------------------------------


def _choices(types: Types) -> str:
    made = []
    for name in sorted(types.used):
        rows = "".join(f'    "{value}",\n' for value in CHOICES[name])
        made.append(f"{name} = Literal[\n{rows}]")
    says = "The values that fields are known to have. A newer server may send others."
    return _header(says) + "\nfrom typing import Literal\n\n" + "\n".join(made) + "\n"


def _close_codes() -> str:
    rows = "".join(f'    {_key(code)}: "{code.action.in_browser}",\n' for code in CLOSE_CODES)
    return (
        _header("What a client does after the server closed the socket, as docs/protocol.md says.")
        + '\nfrom typing import Literal\n\nAction = Literal["resume", "back off", "sign in"]\n\n'
        + f"ACTIONS: dict[tuple[int, str | None], Action] = {{\n{rows}}}\n"
        + '"""By code and reason; None stands for any other reason. After other codes: resume."""\n'
    )


def _key(code: CloseCode) -> str:
    last = [one for one in CLOSE_CODES if one == code][-1]
    return f"({int(code)}, None)" if code is last else f'({int(code)}, "{code.reason}")'


# -- Text -------------------------------------------------------------------------------------


def _class(name: str, bases: str, says: str, fields: list[str]) -> str:
    rows = "".join(f"    {field}\n" for field in fields)
    return f"class {name}({bases}):\n{_docstring(says, '    ')}\n\n{rows}".rstrip()


def _docstring(says: str, indent: str) -> str:
    text = " ".join(says.split())
    if len(indent + text) + 6 <= WIDTH:
        return f'{indent}"""{text}"""'
    first, _, rest = text.partition(". ")
    body = textwrap.fill(rest, WIDTH, initial_indent=indent, subsequent_indent=indent)
    return f'{indent}"""{first}.\n\n{body}\n{indent}"""'


def _module(says: str, body: list[str], ours: dict[str, str]) -> str:
    """Return a module with the imports that its `body` needs, as ruff orders them."""
    code = "\n\n\n".join(body) + "\n"
    groups = [
        [("datetime", ["datetime"]), ("typing", ["Any", "Literal", "Required", "TypedDict"])],
        [("pydantic", ["Field"])],
        [
            ("hitl_client.choices", sorted(CHOICES)),
            ("hitl_client.model", ["Event", "Message", "Record"]),
            *((module, [name]) for module, name in ours.items()),
        ],
    ]
    groups[0].append(("uuid", ["UUID"]))
    blocks = ["\n".join(filter(None, (_import(*one, code) for one in group))) for group in groups]
    return _header(says) + "\n" + "\n\n".join(filter(None, blocks)) + "\n\n\n" + code


def _import(module: str, names: list[str], code: str) -> str:
    used = [name for name in names if re.search(rf"\b{name}\b(?!:)", _without_strings(code))]
    if not used:
        return ""
    line = f"from {module} import {', '.join(used)}"
    if len(line) <= WIDTH:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in used) + ")"


def _without_strings(code: str) -> str:
    return re.sub(r'""".*?"""|"[^"]*"', "", code, flags=re.DOTALL)


def _header(says: str) -> str:
    return HEADER.format(says=says)


def _tuple(names: Mapping[str, Any]) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return f"({listed}{',' if len(names) == 1 else ''})"
