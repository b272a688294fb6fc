"""A call that asks its client something."""

from __future__ import annotations

import json
from typing import Any

from luthier import _host

from .support import Call, VersionTest

TOOLS = """
@dataclass
class Day:
    day: Annotated[str, Field(description="which one", min_length=1)]
    size: Literal["small", "large"] = "small"
    tags: list[Literal["a", "b"]] = field(default_factory=list)
    count: int = 1

@tool
def pick(ctx: Context) -> str:
    "D"
    try:
        reply = ctx.ask(Form("Which day?", Day))
    except Exception:
        return "caught"
    return f"{reply.value.day} {reply.value.size}" if reply.accepted else reply.action

@tool
async def several(ctx: Context) -> list[str]:
    "D"
    first = ctx.ask_all(said=Sample(["Hi", {"role": "assistant", "content": "ho"}], system="S", stop=["x"]), where=Roots())
    second = ctx.ask(Form("Sure?", {"type": "object", "properties": {"ok": {"type": "boolean"}}}))
    return [first["said"].text, first["where"][0]["uri"], str(second.value["ok"])]

@tool
def twice(ctx: Context) -> int:
    "D"
    ctx.ask_all(a=Roots())
    ctx.ask_all(a=Roots())
    return 1

@tool
def nested(ctx: Context) -> int:
    "D"
    class Inner(TypedDict):
        inside: dict[str, int]
    ctx.ask(Form("?", Inner))
    return 1

@tool
def can(ctx: Context) -> list[str]:
    "D"
    return sorted(ctx.client_can)
"""


def client(*can: str, **answers: Any) -> Call:
    info = Call()
    info.client = json.dumps({"can": can, "answers": answers}).encode()
    return info


class Asking(VersionTest):
    def asked(self, name: str, info: Call) -> Any:
        with self.assertRaises(_host.Asked) as caught:
            self.call(self.load(TOOLS), name, info)
        return caught.exception.data

    def test_a_question_ends_the_run_whatever_it_catches_and_a_form_is_of_plain_fields(self) -> None:
        schema = {
            "type": "object",
            "properties": {
                "day": {"type": "string", "description": "which one", "minLength": 1},
                "size": {"type": "string", "enum": ["small", "large"], "default": "small"},
                "tags": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
                "count": {"type": "integer", "default": 1},
            },
            "required": ["day"],
        }

        self.assertEqual(
            self.asked("pick", client()),
            {
                "question-1": {
                    "method": "elicitation/create",
                    "params": {"message": "Which day?", "requestedSchema": schema},
                }
            },
        )

    def test_the_run_with_the_answer_goes_on(self) -> None:
        code = self.load(TOOLS)
        accepted = {"action": "accept", "content": {"day": "Monday"}}

        self.assertEqual(self.call(code, "pick", client(**{"question-1": accepted})), "Monday small")
        self.assertEqual(self.call(code, "pick", client(**{"question-1": {"action": "decline"}})), "decline")

    def test_what_is_no_answer_is_asked_for_again(self) -> None:
        for answer in (5, None, {}, {"action": "eat"}, {"action": "accept", "content": {"size": "small"}}):
            with self.subTest(answer=answer):
                self.assertIn("question-1", self.asked("pick", client(**{"question-1": answer})))

    def test_several_things_are_asked_at_once_and_then_more(self) -> None:
        said = {"role": "assistant", "content": {"type": "text", "text": "hey"}, "model": "m"}
        where = {"roots": [{"uri": "file:///a", "name": "a"}]}

        first = self.asked("several", client())
        one_left = self.asked("several", client(said=said))
        then = self.asked("several", client(said=said, where=where))
        sure = {"action": "accept", "content": {"ok": True}}
        info = client(said=said, where=where, **{"question-3": sure})

        self.assertEqual(
            first["said"]["params"],
            {
                "messages": [
                    {"role": "user", "content": {"type": "text", "text": "Hi"}},
                    {"role": "assistant", "content": {"type": "text", "text": "ho"}},
                ],
                "maxTokens": 1000,
                "systemPrompt": "S",
                "stopSequences": ["x"],
            },
        )
        self.assertEqual(list(first), ["said", "where"])
        self.assertEqual(list(one_left), ["where"])
        self.assertEqual(list(then), ["question-3"])
        self.assertEqual(self.call(self.load(TOOLS), "several", info), ["hey", "file:///a", "True"])

    def test_what_cannot_be_asked_is_told_to_the_author(self) -> None:
        code = self.load(TOOLS)

        refusal = self.refusal(code, "twice")
        self.assertIn("nobody can be asked", refusal.message)
        with self.assertRaisesRegex(ValueError, "'a' was asked already"):
            self.call(code, "twice", client(a={"roots": []}))
        with self.assertRaisesRegex(TypeError, "the field `Inner.inside` is more than a person can fill in"):
            self.call(code, "nested", client())

    def test_a_tool_knows_what_its_client_answers(self) -> None:
        code = self.load(TOOLS)

        self.assertEqual(self.call(code, "can", client("sampling", "elicitation")), ["elicitation", "sampling"])
        self.assertEqual(self.call(code, "can"), [])
