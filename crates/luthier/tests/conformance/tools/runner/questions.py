"""Tools and a prompt that ask their client something first."""

import json
from dataclasses import dataclass
from typing import Literal

from luthier import Context, Form, Reply, Roots, Sample, prompt, tool


@dataclass
class Name:
    name: str


@dataclass
class Confirmation:
    ok: bool


@dataclass
class Contact:
    username: str
    email: str


@dataclass
class Defaults:
    name: str = "John Doe"
    age: int = 30
    score: float = 95.5
    status: Literal["active", "inactive", "pending"] = "active"
    verified: bool = True


@dataclass
class Color:
    color: str


@dataclass
class Background:
    context: str


def titled(what: str) -> list[dict[str, str]]:
    return [
        {"const": f"value{number}", "title": f"{order} {what}"}
        for number, order in enumerate(("First", "Second", "Third"), start=1)
    ]


OPTIONS = ["option1", "option2", "option3"]
CHOICES = {
    "untitledSingle": {"type": "string", "enum": OPTIONS},
    "titledSingle": {"type": "string", "oneOf": titled("Option")},
    "legacyEnum": {
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": OPTIONS}},
    "titledMulti": {"type": "array", "items": {"anyOf": titled("Choice")}},
}


def completed(reply: Reply) -> str:
    value = reply.value if isinstance(reply.value, dict | None) else vars(reply.value)
    return f"action={reply.action}, content={json.dumps(value)}"


@tool
def test_sampling(prompt: str, ctx: Context) -> str:
    """Asks a model."""
    return f"LLM response: {ctx.ask(Sample(prompt, max_tokens=100)).text}"


@tool
def test_missing_capability(ctx: Context) -> str:
    """Needs sampling."""
    return ctx.ask(Sample("Hello?", max_tokens=100)).text


@tool
def test_elicitation(message: str, ctx: Context) -> str:
    """Asks a person."""
    return f"User response: {completed(ctx.ask(Form(message, Contact)))}"


@tool
def test_elicitation_sep1034_defaults(ctx: Context) -> str:
    """Asks with default values."""
    return f"Elicitation completed: {completed(ctx.ask(Form('Please review', Defaults)))}"


@tool
def test_elicitation_sep1330_enums(ctx: Context) -> str:
    """Asks for one of several."""
    form = Form("Please choose", {"type": "object", "properties": CHOICES})
    return f"Elicitation completed: {completed(ctx.ask(form))}"


@tool
def test_streaming_elicitation(ctx: Context) -> str:
    """Tells its progress, then asks."""
    ctx.progress(1, 2)
    return completed(ctx.ask(Form("What is your name?", Name)))


def greeting(ctx: Context) -> str:
    reply = ctx.ask_all(user_name=Form("What is your name?", Name))["user_name"]
    return f"Hello, {reply.value.name if reply.accepted else 'whoever you are'}!"


@tool
def test_input_required_result_elicitation(ctx: Context) -> str:
    """Asks for a name."""
    return greeting(ctx)


@tool
def test_input_required_result_sampling(ctx: Context) -> str:
    """Asks a model."""
    question = Sample("What is the capital of France?", max_tokens=100)
    return ctx.ask_all(capital_question=question)["capital_question"].text


@tool
def test_input_required_result_list_roots(ctx: Context) -> list[str]:
    """Asks for roots."""
    return [root["uri"] for root in ctx.ask_all(client_roots=Roots())["client_roots"]]


def confirmation(ctx: Context) -> str:
    reply = ctx.ask_all(confirm=Form("Please confirm", Confirmation))["confirm"]
    return f"state-ok {completed(reply)}"


@tool
def test_input_required_result_request_state(ctx: Context) -> str:
    """Asks, and keeps a state."""
    return confirmation(ctx)


@tool
def test_input_required_result_tampered_state(ctx: Context) -> str:
    """Asks, and keeps a state."""
    return confirmation(ctx)


@tool
def test_input_required_result_multiple_inputs(ctx: Context) -> str:
    """Asks three things."""
    answers = ctx.ask_all(
        user_name=Form("What is your name?", Name),
        greeting=Sample("Generate a greeting", max_tokens=50),
        client_roots=Roots(),
    )
    name, roots = answers["user_name"].value.name, answers["client_roots"]
    return f"{answers['greeting'].text} {name} works in {len(roots)} roots."


@tool
def test_input_required_result_multi_round(ctx: Context) -> str:
    """Asks twice."""
    name = ctx.ask_all(step1=Form("Step 1: What is your name?", Name))["step1"]
    color = ctx.ask_all(step2=Form("Step 2: What is your favorite color?", Color))["step2"]
    return f"{name.value.name} likes {color.value.color}."


@tool
def test_input_required_result_capabilities(ctx: Context) -> list[str]:
    """Asks what can be answered."""
    questions = {
        "sampling": Sample("Generate a greeting", max_tokens=50),
        "elicitation": Form("What is your name?", Name),
    }
    answerable = {what: question for what, question in questions.items() if what in ctx.client_can}
    return sorted(ctx.ask_all(**answerable))


@prompt
def test_input_required_result_prompt(ctx: Context) -> str:
    """Asks before it says anything."""
    question = Form("What context should the prompt use?", Background)
    reply = ctx.ask_all(user_context=question)["user_context"]
    return f"Use this context: {reply.value.context if reply.accepted else 'none'}"
