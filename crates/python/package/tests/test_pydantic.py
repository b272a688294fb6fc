"""pydantic's models, where it is installed."""

from __future__ import annotations

import importlib.util
import unittest

from .support import VersionTest

SOURCE = """
import pydantic
from pydantic import BaseModel

class Address(BaseModel):
    street: str
    zip: str = pydantic.Field(pattern="^[0-9]+$", description="digits")

class User(BaseModel):
    name: str = pydantic.Field(alias="userName", min_length=1)
    address: Address
    friends: list[User] = []

@tool
def f(user: User, n: Annotated[int, pydantic.Field(ge=1, description="how many")] = 1,
      m: int = pydantic.Field(2, le=9)) -> User:
    "d"
    assert isinstance(user, User) and isinstance(user.address, Address)
    return user

@tool
def g(url: pydantic.HttpUrl, users: list[Address] | None = None) -> list[Any]:
    "d"
    return [url, users, m_of(users)]

def m_of(users): return [type(user).__name__ for user in users or ()]
"""


@unittest.skipUnless(importlib.util.find_spec("pydantic"), "pydantic is not installed")
class Pydantic(VersionTest):
    def test_a_model_is_an_argument_and_a_result(self) -> None:
        code = self.load(SOURCE)
        schema = self.tool(code)["input_schema"]
        user = {"userName": "a", "address": {"street": "s", "zip": "1"}, "friends": []}

        self.assertEqual(schema["properties"]["n"], {"type": "integer", "description": "how many", "minimum": 1, "default": 1})
        self.assertEqual(schema["properties"]["m"], {"type": "integer", "maximum": 9, "default": 2})
        self.assertIn("userName", schema["$defs"]["User"]["properties"])
        self.assertEqual(self.tool(code)["result"], "object")
        self.assertEqual(self.call(code, user=user), user)

    def test_what_a_model_refuses_is_refused_with_its_place(self) -> None:
        refusal = self.refusal(self.load(SOURCE), user={"userName": "a", "address": {"street": "s", "zip": "x"}})

        self.assertEqual(refusal.message, "the argument at /user/address/zip: String should match pattern '^[0-9]+$'")

    def test_other_types_of_pydantic_work_through_its_adapter(self) -> None:
        code = self.load(SOURCE)

        self.assertEqual(
            self.call(code, "g", url="https://a.example/", users=[{"street": "s", "zip": "1"}]),
            ["https://a.example/", [{"street": "s", "zip": "1"}], ["Address"]],
        )
