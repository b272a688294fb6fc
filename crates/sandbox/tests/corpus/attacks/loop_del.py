"""Never returns from `__del__`, where exceptions are only printed."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

from luthier import tool


class Sticky:
    def __del__(self) -> None:
        while True:
            try:
                while True:
                    pass
            except BaseException:
                continue


@tool
def attack() -> str:
    """Drops an object that does not go."""
    Sticky()
    return "escaped: it went"
