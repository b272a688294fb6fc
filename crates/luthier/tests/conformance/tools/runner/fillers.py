"""More tools than one page of a list holds. Their names put them behind all others."""

from luthier import tool

COUNT = 500


def filler(number: int) -> None:
    @tool(name=f"zz_filler_{number}", description="Fills a list.")
    def function() -> int:
        return number


for number in range(COUNT):
    filler(number)
