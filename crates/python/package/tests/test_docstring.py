"""The three styles of docstrings."""

from __future__ import annotations

import unittest

from luthier._docstring import Docstring, parse

CASES: dict[str, tuple[str | None, Docstring]] = {
    "none": (None, Docstring("", {}, None)),
    "plain": ("Does it.\n\n    At length.\n", Docstring("Does it.\n\nAt length.", {}, None)),
    "google": (
        """Does it.

        Args:
            a (int): the first,
                on two lines
            b: the second: with a colon
            **more: the rest

        Returns:
            what came of it

        Raises:
            ValueError: never

        Example:
            >>> f(1)
        """,
        Docstring(
            "Does it.\n\nExample:\n    >>> f(1)",
            {"a": "the first, on two lines", "b": "the second: with a colon", "more": "the rest"},
            "what came of it",
        ),
    ),
    "numpy": (
        """Does it.

        Parameters
        ----------
        a : int
            the first,
            on two lines
        b, c : str, optional
            both

        Returns
        -------
        int
            what came of it
        """,
        Docstring(
            "Does it.", {"a": "the first, on two lines", "b": "both", "c": "both"}, "int what came of it"
        ),
    ),
    "sphinx": (
        """Does it.

        :param a: the first,
            on two lines
        :param int b: the second
        :type b: int
        :returns: what came of it
        :raises ValueError: never
        """,
        Docstring("Does it.", {"a": "the first, on two lines", "b": "the second"}, "what came of it"),
    ),
    "a word that only looks like a section": (
        "Does it.\n\nReturns: a thing at once\n",
        Docstring("Does it.\n\nReturns: a thing at once", {}, None),
    ),
}


class Docstrings(unittest.TestCase):
    def test_each_style_is_taken_apart(self) -> None:
        for name, (docstring, expected) in CASES.items():
            with self.subTest(name):
                self.assertEqual(parse(docstring), expected)
