"""What a running call can ask of the host."""

import json
import time

from componentize_py_types import Err
from luthier import ToolError
from wit_world import host

from failure import dumps

BODY_BYTES_MAX = (64 << 20) - (2 << 20)
_HEADER_BYTES_MAX = 1 << 20
_TOOL_NAME_BYTES_MAX = 4096
# An answer that is no value but a frame of work.
_WORK = 1
_EVENTS = {"log": "log", "progress": "progress", "coverage": "lines"}


class CallInfo:
    """One call; see `luthier._context.CallInfo`."""

    __slots__ = (
        "_session_json", "client", "conversation_id", "deadline", "revision", "seed", "session", "state",
        "traceparent", "version",
    )  # fmt: skip

    def __init__(self, header: dict, state, session: bytes | None, client: bytes | None) -> None:
        self.state = state
        self._session_json = session
        self.session = None if session is None else json.loads(session)
        self.client = client
        self.conversation_id = header["conversation_id"]
        self.version = header["version"]
        self.revision = header["revision"]
        self.traceparent = header.get("traceparent")
        self.seed = header["seed"]
        self.deadline = time.monotonic() + header["deadline_ms"] / 1000

    def changed_session(self) -> bytes | None:
        """The session as the call has left it, if it changed."""
        if self.session is None:
            return None
        now = dumps(self.session)
        return None if now == self._session_json else now

    def emit(self, kind: str, header: dict, body: bytes = b"") -> None:
        what = _EVENTS.get(kind.lower())
        if what is None:
            raise ValueError(f"{kind.lower()!r} is no kind of event")
        text = dumps(header)
        bytes_max = BODY_BYTES_MAX if what == "lines" else _HEADER_BYTES_MAX
        if len(text) + len(body) > bytes_max:
            raise ValueError("the fields of a log entry are too large")
        host(what, text, body)

    def is_cancelled(self) -> bool:
        """A call that is stopped here ends at once, so that none is left to ask."""
        return False

    def call_tool(self, name: str, arguments: bytes) -> bytes:
        if len(name.encode("utf-8", "replace")) > _TOOL_NAME_BYTES_MAX or len(arguments) > BODY_BYTES_MAX:
            raise ToolError(
                f"the call of another tool is too large: the name may have {_TOOL_NAME_BYTES_MAX}"
                f" bytes and the arguments {BODY_BYTES_MAX}"
            )
        try:
            answer = host("nested", dumps({"tool": name}), arguments)
            while answer[0] == _WORK:
                # The one who would answer has something else to be done first, on top of this call.
                length = int.from_bytes(answer[2:6], "little")
                kind, header, body = see_to(answer[1], answer[6 : 6 + length], answer[6 + length :])
                answer = host("ran", header, bytes([kind]) + body)
        except Err as refusal:
            raise ToolError(refusal.value) from None
        return answer[1:]


def see_to(kind: int, header: bytes, body: bytes) -> tuple[int, bytes, bytes]:
    """Does what a frame of work asks for; the app puts its own in this place."""
    raise NotImplementedError
