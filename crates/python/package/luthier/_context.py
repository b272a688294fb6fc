"""What a tool is given beside its arguments."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from ._ask import Asked, Question
from ._json import dump_result, loads, plain
from ._errors import Mismatch, ToolError

if TYPE_CHECKING:
    import random
    from array import array

LOG_CHARS_MAX: Final = 16 * 1024
_ASSETS: Final = "state/assets/"

# What a call may change beside its result.
NOTHING: Final = ""
SESSION: Final = "session"
STAGING: Final = "staging"

# What the host is asked goes the way of nested calls, under names that no tool can have.
_HOST: Final = "luthier/"
_RNG: Final = "rng"

T = TypeVar("T")


class CallInfo(Protocol):
    """What the host knows of one call; see `_host.call`."""

    state: Any
    session: dict[str, Any] | None
    conversation_id: str
    version: str
    revision: int
    traceparent: str | None
    seed: int
    deadline: float | None
    client: bytes | None

    def emit(self, kind: str, header: dict[str, Any], body: bytes = b"") -> None: ...
    def is_cancelled(self) -> bool: ...
    def call_tool(self, name: str, arguments: bytes) -> Any: ...


class Context:
    """The call that is running. Annotate a parameter with it, under any name; models never see it."""

    __slots__ = ("_asked", "_assets", "_changes", "_client", "_info", "_rng")

    def __init__(self, info: CallInfo, assets: Assets, changes: str) -> None:
        self._info = info
        self._assets = assets
        self._changes = changes
        self._rng: random.Random | None = None
        self._asked: set[str] | None = None
        self._client: dict[str, Any] | None = None

    @property
    def state(self) -> Mapping[str, Any]:
        """The state document of this version; read-only."""
        state: Mapping[str, Any] = self._info.state
        return state

    @property
    def session(self) -> dict[str, Any]:
        """What this conversation remembers: a dict of JSON values that survives restarts."""
        if self._changes != SESSION or self._info.session is None:
            raise RuntimeError("only a stateful tool has a session: write `@tool(stateful=True)`")
        return self._info.session

    @property
    def staging(self) -> dict[str, Any]:
        """The staged state document, to be changed in place by a tool of `tools/tuner`.

        What the tool leaves in it is committed when it returns, all of it or nothing. Whoever lost a
        race is run again on the newer document.
        """
        if self._changes != STAGING or self._info.session is None:
            raise RuntimeError("only a tool of `tools/tuner` has the staged document")
        return self._info.session

    @property
    def assets(self) -> Assets:
        """The files below `state/assets`, by name."""
        return self._assets

    @property
    def log(self) -> Log:
        """Messages for the log of this conversation."""
        return Log(self._info)

    def progress(self, done: float, total: float | None = None, message: str | None = None) -> None:
        """Tells a client that asked for it how far the call has come."""
        self._info.emit("PROGRESS", {"progress": done, "total": total, "message": message})

    @property
    def cancelled(self) -> bool:
        """Has the client given up? Long loops look now and then, and stop."""
        return self._info.is_cancelled()

    @property
    def conversation_id(self) -> str:
        """The id that this call's logs, feedback and session go by."""
        return self._info.conversation_id

    @property
    def version(self) -> str:
        """The version that answers, such as `1.4.2`."""
        return self._info.version

    @property
    def revision(self) -> int:
        """The revision of the state document."""
        return self._info.revision

    @property
    def traceparent(self) -> str | None:
        """The W3C trace context of this call, to hand on to other services."""
        return self._info.traceparent

    @property
    def deadline(self) -> float | None:
        """When the call is stopped, on the clock of `time.monotonic()`; None if never."""
        return self._info.deadline

    @property
    def seconds_left(self) -> float | None:
        """The time until the deadline; None if there is none."""
        deadline = self._info.deadline
        return None if deadline is None else max(0.0, deadline - time.monotonic())

    @property
    def rng(self) -> random.Random:
        """Random numbers that a replay of this call draws again.

        In a tool of `tools/tuner` they go on where the staged document's `rng` says, if it has that
        member, and what is left there says where the next call goes on.
        """
        if self._rng is None:
            if self._goes_on():
                from ._rng import Rng

                self._rng = Rng(**self.staging[_RNG])
            else:
                import random

                self._rng = random.Random(self._info.seed)
        return self._rng

    def _goes_on(self) -> bool:
        """Does the document say where its random numbers go on?"""
        return self._changes == STAGING and _RNG in self.staging

    def settle(self) -> None:
        """Leaves what a call has used up where the next one looks for it; called when it returns."""
        where = getattr(self._rng, "to_json", None)
        if where is not None and self._goes_on():
            self.staging[_RNG] = where()

    @property
    def client_can(self) -> frozenset[str]:
        """What the client answers: `elicitation` (forms), `sampling` (its model), `roots`."""
        return frozenset(() if self._info.client is None else self._of_client()["can"])

    def ask(self, question: Question[T], /) -> T:
        """Asks the client, and returns its answer: a `Form`, a `Sample` or `Roots`.

        While there is no answer the call ends here. When there is one the call is run again, from
        its top, with the same arguments, `conversation_id` and `rng`: do before a question only
        what may be done twice.
        """
        count = 1 if self._asked is None else len(self._asked) + 1
        answer: T = self._answers({f"question-{count}": question})[f"question-{count}"]
        return answer

    def ask_all(self, **questions: Question[Any]) -> dict[str, Any]:
        """As `ask`, several questions at once; the answers go by the same names."""
        return self._answers(questions)

    def _answers(self, questions: Mapping[str, Question[Any]]) -> dict[str, Any]:
        if self._info.client is None:
            raise ToolError(
                "nobody can be asked: this was not called by an MCP client, or by another tool, or the"
                " function takes no `ctx: Context`"
            )
        asked = self._asked = set() if self._asked is None else self._asked
        given = self._of_client()["answers"]
        answers: dict[str, Any] = {}
        unanswered: dict[str, Any] = {}
        for name, question in questions.items():
            if name in asked:
                raise ValueError(f"{name!r} was asked already in this call: give each question its own name")
            asked.add(name)
            try:
                answers[name] = question.read(given.get(name))
            except Mismatch:
                unanswered[name] = question.request()
        if unanswered:
            raise Asked(unanswered)
        return answers

    def _of_client(self) -> dict[str, Any]:
        if self._client is None:
            self._client = {"can": [], "answers": {}, **loads(self._info.client or b"{}")}
        return self._client

    def calls(self, conversation_id: str) -> list[dict[str, Any]]:
        """The recorded calls of a conversation, oldest first; for tools of `tools/tuner`.

        Each has `tool`, `arguments`, `result`, `outcome`, `version`, `seed` and `at`.
        """
        calls: list[dict[str, Any]] = self._ask_host("calls", conversation_id=conversation_id)
        return calls

    def logged(self, tool: str, limit: int = 1000) -> list[dict[str, Any]]:
        """The newest calls of a tool whose results carry a propensity; for tools of `tools/tuner`.

        Each has `conversation_id`, `arguments`, `result`, `at` and `reward`, the mean of what the
        conversation was given, or None.
        """
        logged: list[dict[str, Any]] = self._ask_host("logged", tool=tool, limit=limit)
        return logged

    def escalate(self, message: str) -> None:
        """Wakes the Architect: tuning cannot solve this; for tools of `tools/tuner`."""
        self._ask_host("escalate", message=message)

    def pack(self, values: Iterable[float]) -> dict[str, Any]:
        """Keeps numbers beside the document, and gives what stands for them in it."""
        from . import _arrays

        reference, body = _arrays.packed(values)
        if not _arrays.is_known(reference):
            self._ask_host("keep", asset=reference["asset"], body=body)
            _arrays.remember(reference, body)
        return reference

    def unpack(self, reference: Mapping[str, Any]) -> array[float]:
        """The numbers that `pack` kept."""
        from . import _arrays

        known = _arrays.find(reference)
        if known is None:
            body = self._ask_host("asset", asset=str(reference["asset"]))
            known = _arrays.remember(reference, body)
        return known

    def _ask_host(self, what: str, **arguments: Any) -> Any:
        return self.call(_HOST + what, arguments)

    def call(self, tool: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """Calls another tool of the same version and returns its value; for `def` tools."""
        # Looked up, not imported: only workers of async tools have it.
        asyncio = sys.modules.get("asyncio")
        if asyncio is not None and asyncio._get_running_loop() is not None:
            raise RuntimeError("this would stop every async tool: write `await ctx.call_async(…)`")
        return loads(self._info.call_tool(tool, _arguments(arguments)))

    async def call_async(self, tool: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """As `call`, for `async def` tools."""
        answer = self._info.call_tool(tool, _arguments(arguments))
        return loads(await answer if hasattr(answer, "__await__") else answer)


def _arguments(arguments: Mapping[str, Any] | None) -> bytes:
    return dump_result({} if arguments is None else arguments, "the argument")


class Log:
    """Messages with fields: `ctx.log.info("fetched", pages=3)`."""

    __slots__ = ("_info",)

    def __init__(self, info: CallInfo) -> None:
        self._info = info

    def debug(self, message: object, /, **fields: Any) -> None:
        self._emit("debug", message, fields)

    def info(self, message: object, /, **fields: Any) -> None:
        self._emit("info", message, fields)

    def warning(self, message: object, /, **fields: Any) -> None:
        self._emit("warning", message, fields)

    def error(self, message: object, /, **fields: Any) -> None:
        self._emit("error", message, fields)

    def _emit(self, level: str, message: object, fields: dict[str, Any]) -> None:
        text = printable(message)
        made = {name: _loggable(value) for name, value in fields.items()}
        self._info.emit("LOG", {"level": level, "message": text, "fields": made})


def printable(value: object) -> str:
    """Text that JSON can hold, cut to a bound; a log line never fails a tool."""
    try:
        text = str(value)
    except Exception as error:
        text = f"<{type(value).__name__} whose text failed: {type(error).__name__}>"
    if len(text) > LOG_CHARS_MAX:
        text = text[:LOG_CHARS_MAX] + "…"
    return text.encode("utf-8", "replace").decode()


def _loggable(value: Any) -> Any:
    try:
        made = plain(value)
    except (Mismatch, RecursionError):
        return printable(repr(value))
    return printable(made) if type(made) is str else made


class Asset:
    """One file of `state/assets`."""

    __slots__ = ("_body", "name")

    def __init__(self, name: str, body: bytes) -> None:
        self.name = name
        self._body = body

    @property
    def bytes(self) -> bytes:
        """The content."""
        return self._body

    @property
    def text(self) -> str:
        """The content as UTF-8 text."""
        return self._body.decode("utf-8-sig")

    def json(self) -> Any:
        """The content as JSON."""
        import json

        return json.loads(self._body)

    def lines(self) -> list[str]:
        """The content, line by line, without line ends."""
        return self.text.splitlines()

    def open(self, mode: str = "r") -> Any:
        """A file object to read: text, or bytes with `"rb"`."""
        import io

        if mode not in ("r", "rt", "rb"):
            raise ValueError(f"assets are read-only: open with 'r' or 'rb', not {mode!r}")
        return io.BytesIO(self._body) if mode == "rb" else io.StringIO(self.text)

    def __len__(self) -> int:
        return len(self._body)

    def __repr__(self) -> str:
        return f"<asset {self.name}, {len(self._body)} bytes>"


class Assets(Mapping[str, Asset]):
    """The files below `state/assets` of one version, by their path there."""

    __slots__ = ("_bodies",)

    def __init__(self, files: Mapping[str, bytes]) -> None:
        start = len(_ASSETS)
        self._bodies = {path[start:]: body for path, body in files.items() if path.startswith(_ASSETS)}

    def __getitem__(self, name: str) -> Asset:
        body = self._bodies.get(name)
        if body is None:
            known = ", ".join(sorted(self._bodies)[:8]) or "none"
            raise KeyError(f"there is no asset {name!r}; there are: {known}")
        return Asset(name, body)

    def __iter__(self) -> Iterator[str]:
        return iter(self._bodies)

    def __len__(self) -> int:
        return len(self._bodies)


CURRENT: ContextVar[Context] = ContextVar("luthier_current")


def current() -> Context:
    """The context of the call that is running, for code that was not handed it."""
    try:
        return CURRENT.get()
    except LookupError:
        raise RuntimeError("no tool is being called here") from None
