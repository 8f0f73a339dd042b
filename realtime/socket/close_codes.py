"""The close codes of sockets, declared once: what each means and what the client does.

Metrics count by them; the tables in docs/protocol.md and in the browser module are generated from
them. Imports nothing of Django: a signal that ends the server may come before the apps are loaded.
"""

from enum import Enum


class ClientAction(Enum):
    """What a client does after a close code, and the browser module's name for it."""

    RESUME = "connects again, and resumes", "resume"
    BACK_OFF = "backs off, then connects again, and resumes", "back off"
    SIGN_IN = "stops, and signs in", "sign in"
    SUBSCRIBE_LESS = "connects, and subscribes to what it may read", "resume"
    MEND = "is mended: it sends what the protocol does not allow", "resume"

    def __init__(self, words: str, in_browser: str) -> None:
        self.words, self.in_browser = words, in_browser


class CloseCode(int):
    """A close code. It is an int, as servers and libraries expect.

    `reason` is the text sent with it unless the caller has a better one, `meaning` when it is sent,
    `action` what the client does then.
    """

    reason: str
    meaning: str
    action: ClientAction

    def __new__(cls, number: int, reason: str, meaning: str, action: ClientAction) -> "CloseCode":
        code = super().__new__(cls, number)
        code.reason, code.meaning, code.action = reason, meaning, action
        return code


PROTOCOL_ERROR = CloseCode(
    *(1002, "Protocol error"),
    "a frame that breaks RFC 6455, or a compressed one that does not inflate",
    ClientAction.MEND,
)
UNSUPPORTED_DATA = CloseCode(
    *(1003, "Messages are text, not binary", "a binary frame"),
    ClientAction.MEND,
)
INVALID_DATA = CloseCode(
    *(1007, "Malformed JSON", "a message that is no JSON, or no UTF-8"),
    ClientAction.MEND,
)
INVALID_TOKEN = CloseCode(*(1008, "Invalid token", "no or bad credentials"), ClientAction.SIGN_IN)
AT_CAPACITY = CloseCode(
    *(1008, "Server at capacity"),
    "too many sockets, of the server process or of the user",
    ClientAction.BACK_OFF,
)
MESSAGE_TOO_BIG = CloseCode(
    *(1009, "Message too large"),
    "a message over `HITL_WS_MAX_MESSAGE_BYTES`, or in more than 1,000 fragments",
    ClientAction.MEND,
)
SERVICE_RESTART = CloseCode(
    *(1012, "The server restarts"),
    "the server restarts, or the history was replaced",
    ClientAction.RESUME,
)
TRY_AGAIN_LATER = CloseCode(
    *(1013, "Too slow to keep up"),
    "too slow to keep up: `HITL_WS_QUEUE_BYTES` waited, or nothing was read for 10 s; or the "
    "database is away",
    ClientAction.RESUME,
)
MAXIMUM_AGE = CloseCode(
    *(4000, "Open for as long as may be", "open for `HITL_WS_MAX_AGE_SECONDS`"),
    ClientAction.RESUME,
)
UNAUTHORIZED = CloseCode(
    *(4401, "Signed out, or not let in any more"),
    "signed out, account disabled, password changed, token revoked or expired",
    ClientAction.SIGN_IN,
)
FORBIDDEN = CloseCode(
    *(4403, "You may no longer read this"),
    "lost the permission for a channel it subscribed to",
    ClientAction.SUBSCRIBE_LESS,
)
SILENT = CloseCode(
    *(4408, "No answer to a ping"),
    "nothing heard for `HITL_WS_IDLE_SECONDS`, neither a message nor a ping or pong of the "
    "protocol; or no answer to a ping of the protocol (under Daphne the line is just cut)",
    ClientAction.RESUME,
)
FLOODING = CloseCode(
    *(4429, "Rate limit exceeded", "went on sending too much"), ClientAction.BACK_OFF
)

CLOSE_CODES: tuple[CloseCode, ...] = tuple(
    one for one in globals().values() if isinstance(one, CloseCode)
)
"""The codes that this service ends sockets with, in the order of their declarations."""
NORMAL, ABNORMAL = 1000, 1006
"""An end without a reason, and an end that nobody announced (RFC 6455, 7.4.1)."""
OF_CLIENTS_AND_SERVERS = (NORMAL, 1001, 1005, ABNORMAL, 1011)
"""The other codes that are worth a count: closed by the client, gone, without a word, failed."""
COUNTED = frozenset({*CLOSE_CODES, *OF_CLIENTS_AND_SERVERS})
