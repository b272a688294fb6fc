"""Leaves something in the session that never ends when it is compared."""
# effect: hangs
# expect-wasm: raised | deadline
# expect-native: raised | deadline

from collections.abc import Iterator, Mapping

from luthier import Context, tool


class Endless(Mapping[str, int]):
    def __getitem__(self, key: str) -> int:
        return 1

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        return iter(lambda: "again", "")


@tool(stateful=True)
def attack(ctx: Context) -> str:
    """Remembers something endless."""
    ctx.session["endless"] = Endless()
    return "done"
