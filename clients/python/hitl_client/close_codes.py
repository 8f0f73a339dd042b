"""What a client does after the server closed the socket, as docs/protocol.md says.

Made from the code of the server: make docs.
"""

from typing import Literal

Action = Literal["resume", "back off", "sign in"]

ACTIONS: dict[tuple[int, str | None], Action] = {
    (1002, None): "resume",
    (1003, None): "resume",
    (1007, None): "resume",
    (1008, "Invalid token"): "sign in",
    (1008, None): "back off",
    (1009, None): "resume",
    (1012, None): "resume",
    (1013, None): "resume",
    (4000, None): "resume",
    (4401, None): "sign in",
    (4403, None): "resume",
    (4408, None): "resume",
    (4429, None): "back off",
}
"""By code and reason; None stands for any other reason. After other codes: resume."""
