"""Arguments whose schema says more than type hints can."""

from typing import Any, Literal

from luthier import tool

ELABORATE = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {"address": {"$ref": "#/$defs/address"}},
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
}


@tool(schema=ELABORATE)
def json_schema_2020_12_tool(
    name: str = "",
    address: Any = {},
    contactMethod: Literal["phone", "email"] = "email",
    phone: str = "",
    email: str = "",
) -> str:
    """Has every kind of schema."""
    return f"{name} is reached by {contactMethod}."


@tool(schema={"properties": {"region": {"x-mcp-header": "Region"}}})
def test_custom_headers(region: str = "", query: str = "") -> str:
    """Has an argument that clients repeat in a header."""
    return f"{query} in {region}"
