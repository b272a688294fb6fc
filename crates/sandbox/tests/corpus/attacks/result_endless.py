"""Returns a mapping that never ends."""
# effect: hangs
# expect-wasm: deadline | memory | raised
# expect-native: deadline | memory | raised

from collections.abc import Iterator, Mapping

from luthier import tool


class Endless(Mapping[str, int]):
    def __getitem__(self, key: str) -> int:
        return 1

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        return iter(lambda: "again", "")


@tool
def attack() -> dict[str, int]:
    """Returns what has no end."""
    return Endless()  # type: ignore[return-value]
