"""Exceptions, as whoever called is told of them: the same bounds and words as of a worker."""

import json

from luthier import ToolError
from luthier._host import Asked, LoadFailed, format_exception

_MESSAGE_CHARS_MAX = 16 << 10
_TRACEBACK_CHARS_MAX = 64 << 10
_DATA_BYTES_MAX = 256 << 10

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str).encode


class Stopped(BaseException):
    """The call was stopped: its deadline has passed, or whoever made it does not want it any more."""


class ResultTooLarge(Exception):
    """The result is larger than the limit."""


def dumps(value) -> bytes:
    """Compact JSON; what JSON cannot hold is shown as text."""
    return _encode(value).encode("utf-8", "replace")


def load_problem(error: BaseException) -> dict:
    """Why code did not load."""
    own = getattr(error, "problem", None) if isinstance(error, LoadFailed) else None
    if isinstance(own, dict):
        problem = {name: own[name] for name in ("file", "line", "column") if own.get(name) is not None}
        problem["message"] = str(own["message"])[:_MESSAGE_CHARS_MAX]
        problem["traceback"] = str(own.get("traceback", ""))[-_TRACEBACK_CHARS_MAX:]
        return problem
    return {"message": f"{_type_name(error)}: {_message(error)}", "traceback": _traceback(error)}


def raised(error: BaseException) -> bytes:
    """How a call failed. The time that it took is the host's to say."""
    meaning = _meaning(error)
    is_meant = meaning in ("Told", "Question")
    header = {
        "us": 0,
        "type": _type_name(error),
        "message": _message(error),
        "traceback": "" if is_meant else _traceback(error),
        "meaning": meaning,
    }
    data = _data(error) if is_meant else None
    if data is not None:
        header["data"] = data
    return dumps(header)


def beyond(traceback, files: set[str]):
    """The traceback without the outermost frames, as long as they are of these files."""
    while traceback is not None and traceback.tb_frame.f_code.co_filename in files:
        traceback = traceback.tb_next
    return traceback


def refused(reason: str) -> bytes:
    """The answer to a call that cannot be made."""
    return dumps({"us": 0, "type": "", "message": reason, "traceback": "", "meaning": "Refused"})


def _meaning(error: BaseException) -> str:
    if isinstance(error, Stopped):
        return "Interrupt"
    if isinstance(error, ResultTooLarge):
        return "Refused"
    if isinstance(error, ToolError):
        return "Told"
    return "Question" if isinstance(error, Asked) else "Fault"


def _type_name(error: BaseException) -> str:
    return type(error).__qualname__


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except BaseException:
        return "(an exception that cannot be shown)"
    if not text and isinstance(error, MemoryError):
        return "it asked for more memory than it may have"
    return text[:_MESSAGE_CHARS_MAX]


def _traceback(error: BaseException) -> str:
    try:
        return format_exception(error)[-_TRACEBACK_CHARS_MAX:]
    except BaseException:
        # One that cannot be rendered (an exception whose `__str__` raises) leaves the message.
        return ""


def _data(error: BaseException):
    try:
        data = getattr(error, "data", None)
        if data is None:
            return None
        text = dumps(data)
    except BaseException:
        return None
    if len(text) > _DATA_BYTES_MAX:
        return f"left out: {len(text)} bytes, and {_DATA_BYTES_MAX} is the limit"
    return json.loads(text)
