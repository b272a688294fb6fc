"""Results of every kind."""

from lib.media import RED_PIXEL, SILENCE
from luthier import Audio, Embedded, Image, ToolError, tool


@tool
def test_simple_text() -> str:
    """Returns a text."""
    return "This is a simple text response for testing."


@tool
def test_image_content() -> Image:
    """Returns an image."""
    return Image(RED_PIXEL)


@tool
def test_audio_content() -> Audio:
    """Returns a sound."""
    return Audio(SILENCE)


@tool
def test_embedded_resource() -> Embedded:
    """Returns a resource."""
    text = "This is an embedded resource content."
    return Embedded("test://embedded-resource", text, "text/plain")


@tool
def test_multiple_content_types() -> list[str | Image | Embedded]:
    """Returns a text, an image and a resource."""
    data = '{"test":"data","value":123}'
    resource = Embedded("test://mixed-content-resource", data, "application/json")
    return ["Multiple content types test:", Image(RED_PIXEL), resource]


@tool
def test_error_handling() -> str:
    """Fails as a tool may."""
    raise ToolError("This tool intentionally returns an error for testing")
