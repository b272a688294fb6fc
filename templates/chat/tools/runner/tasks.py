"""A stateful tool: `ctx.session` belongs to one conversation and outlives releases and restarts."""

import re
from typing import Any, TypedDict

from luthier import Context, ToolError, tool


class Turn(TypedDict):
    reply: str
    open: int


@tool(stateful=True)
def chat(message: str, ctx: Context) -> Turn:
    """Keeps a list of tasks for the rest of the conversation.

    Args:
        message: `add …`, `done NUMBER` or `list`
    """
    is_first = "tasks" not in ctx.session
    tasks: list[str] = ctx.session.setdefault("tasks", [])
    reply = _reply(" ".join(message.split()), tasks, ctx.state)
    if is_first:
        reply = f"{ctx.state['greeting']}! {reply}"
    return {"reply": reply, "open": len(tasks)}


def _reply(message: str, tasks: list[str], state: Any) -> str:
    if added := re.fullmatch(r"add (.+)", message, re.IGNORECASE):
        if len(tasks) >= state["tasks_max"]:
            raise ToolError(f"the list is full with {len(tasks)} task(s): finish one first")
        tasks.append(added[1])
        return f"Added `{added[1]}`."
    if done := re.fullmatch(r"done (\d+)", message, re.IGNORECASE):
        number = int(done[1])
        if not 1 <= number <= len(tasks):
            raise ToolError(f"there is no task {number}: say `list` to see them")
        return f"Done: `{tasks.pop(number - 1)}`."
    if message.lower() == "list":
        lines = [f"{number}. {task}" for number, task in enumerate(tasks, start=1)]
        return "\n".join(lines) or "Nothing to do."
    return "I understand `add …`, `done NUMBER` and `list`."
