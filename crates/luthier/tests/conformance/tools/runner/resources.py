"""Resources and prompts, with what completes their arguments."""

from typing import Any

from lib.media import RED_PIXEL
from luthier import Content, Embedded, Image, completion, prompt, resource

PLACES = ("paris", "park", "party")


@resource("test://static-text", name="text", mime_type="text/plain")
def static_text() -> str:
    """A text."""
    return "This is the content of the static text resource."


@resource("test://static-binary", name="binary", mime_type="image/png")
def static_binary() -> bytes:
    """An image."""
    return RED_PIXEL


@resource("test://watched-resource", name="watched", mime_type="text/plain")
def watched() -> str:
    """A resource to subscribe to."""
    return "Watched."


@resource("test://template/{id}/data", name="template", mime_type="application/json")
def data_of(id: str) -> dict[str, Any]:
    """Data by its id."""
    return {"id": id, "templateTest": True, "data": f"Data for ID: {id}"}


@completion("test://template/{id}/data", "id")
def ids(typed: str) -> list[str]:
    return [place for place in PLACES if place.startswith(typed)]


@prompt
def test_simple_prompt() -> str:
    """A prompt without arguments."""
    return "This is a simple prompt for testing."


@prompt
def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
    """A prompt with arguments.

    Args:
        arg1: the first of them
        arg2: the second
    """
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


@completion("test_prompt_with_arguments", "arg1")
def places(typed: str) -> list[str]:
    return [place for place in PLACES if place.startswith(typed)]


@prompt
def test_prompt_with_embedded_resource(resourceUri: str) -> list[str | Content]:
    """A prompt with a resource in it."""
    held = Embedded(resourceUri, "Embedded resource content for testing.", "text/plain")
    return [held, "Please process the embedded resource above."]


@prompt
def test_prompt_with_image() -> list[str | Content]:
    """A prompt with an image in it."""
    return [Image(RED_PIXEL), "Please analyze the image above."]
