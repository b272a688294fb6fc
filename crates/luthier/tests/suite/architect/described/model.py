"""Stands in for an agent's command: reads one request, decides what it is about, prints one answer."""

import json
import sys
import tomllib
from pathlib import Path


def wish_of(asked: dict, wishes: list[dict]) -> dict:
    """The wish that the quoted feedback is; the prompt around it names other things too."""
    said = [data["text"] for data in asked["task"]["data"] if data["label"] == "feedback"]
    meant = [wish for wish in wishes if wish["message"] in said]
    if len(meant) != 1:
        sys.exit(f"{len(meant)} wishes are meant by {said}")
    return meant[0]


def answer(asked: dict, wish: dict) -> dict:
    if asked["kind"] not in wish:
        sys.exit(f"there is no {asked['kind']} of {wish['message']!r}")
    if asked["kind"] == "reviewer":
        return review(asked, wish)
    return wish[asked["kind"]]


def review(asked: dict, wish: dict) -> dict:
    """Approves of what it would have written itself, and of nothing else."""
    notes = [data["text"] for data in asked["task"]["data"] if data["label"] == "notes"]
    if not any(json.dumps(edit["path"]) in notes[0] for edit in wish["coder"]["edits"]):
        return {"verdict": "reject", "reasons": ["The change is none of what was asked for."]}
    return wish["reviewer"]


asked = json.load(sys.stdin)
wishes = tomllib.loads(Path(__file__).with_name("answers.toml").read_text("utf-8"))["wishes"]
value = answer(asked, wish_of(asked, wishes))
usage = {"input_tokens": len(asked["prompt"]) // 4, "output_tokens": len(json.dumps(value)) // 4}
print(json.dumps({"value": value, "usage": usage, "model": "stand-in"}))
