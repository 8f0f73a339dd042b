"""The messages of the socket as a JavaScript module with types, for clients/js."""

from typing import Any

from pydantic import BaseModel

from realtime import registry
from realtime.messages import ADDED, MESSAGES, Message
from realtime.socket.requests import REQUESTS

HEAD = """\
/**
 * The messages of the socket, as docs/protocol.md describes them. Made from the code: make docs
 *
 * Values of fields in quotes are those that the server sends today; a newer one may send others.
 *
 * @typedef {import("./realtime/socket.js").Position} Position
 *
"""


def javascript_messages() -> str:
    """Return the module: each message as a type, the names of all, and the channels of events."""
    events = registry.messages()
    known = (*MESSAGES, *events)
    typedefs = [_typedef(model) for model in known]
    typedefs += [
        _union("AnswerMessage", MESSAGES),
        _union("ChannelMessage", events),
        " * @typedef {AnswerMessage | ChannelMessage} Message\n",
    ]
    types = {name.upper(): name for name in (*REQUESTS, *(one.name() for one in known))}
    channels = {
        one.name(): channel.name
        for channel in registry.CHANNELS.values()
        for one in channel.messages
    }
    constants = [
        _constant("MessageType", types),
        _constant("CHANNEL_OF", channels, "The channel of each event, by its type."),
    ]
    return HEAD + " *\n".join(typedefs) + " */\n\n" + "\n".join(constants)


def _typedef(model: type[Message]) -> str:
    """Return the JSDoc of one message."""
    schema = model.model_json_schema(mode="serialization")
    lines = [f" * @typedef {{object}} {_name(model)} {(model.__doc__ or '').strip()}\n"]
    for name, field in schema["properties"].items():
        shown = f"[{name}]" if _may_be_missing(model, name) else name
        lines.append(f" * @property {{{_type(field, schema)}}} {shown}\n")
    return "".join(lines)


def _name(model: type[Message]) -> str:
    return f"{model.__name__}Message"


def _may_be_missing(model: type[BaseModel], name: str) -> bool:
    info = model.model_fields[name]
    return info.description == ADDED or (not info.is_required() and info.default is None)


def _type(field: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return the TypeScript type of a field of a JSON schema."""
    match field:
        case {"$ref": ref}:
            name = ref.rpartition("/")[2]
            return "Position" if name == "Position" else _type(schema["$defs"][name], schema)
        case {"const": value}:
            return f'"{value}"'
        case {"enum": values}:
            return " | ".join([*(f'"{value}"' for value in values), "(string & {})"])
        case {"anyOf": types}:
            return " | ".join(_type(one, schema) for one in types)
        case {"type": "array", "items": item}:
            return f"Array<{_type(item, schema)}>"
        case {"type": "object", "additionalProperties": dict(item)}:
            return f"Record<string, {_type(item, schema)}>"
    name = str(field["type"])
    return {"integer": "number", "object": "Record<string, any>"}.get(name, name)


def _union(name: str, models: tuple[type[Message], ...]) -> str:
    return f" * @typedef {{{' | '.join(map(_name, models))}}} {name}\n"


def _constant(name: str, values: dict[str, str], about: str = "") -> str:
    rows = "".join(f'  {key}: "{value}",\n' for key, value in values.items())
    comment = f"/** {about} */\n" if about else ""
    return f"{comment}export const {name} = /** @type {{const}} */ ({{\n{rows}}});\n"
