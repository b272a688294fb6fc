"""Uses properties, class methods and static methods."""
# arguments: {"celsius": [0, 37, 100]}
# value: [[5.0, 41.0, false], [42.0, 107.6, false], [105.0, 221.0, true]]

from __future__ import annotations

from luthier import tool


class Temperature:
    def __init__(self, celsius: float) -> None:
        self.celsius = celsius

    @classmethod
    def of_fahrenheit(cls, degrees: float) -> Temperature:
        return cls((degrees - 32) / 1.8)

    @property
    def fahrenheit(self) -> float:
        return round(self.celsius * 1.8 + 32, 1)

    @fahrenheit.setter
    def fahrenheit(self, degrees: float) -> None:
        self.celsius = self.of_fahrenheit(degrees).celsius

    @staticmethod
    def is_boiling(celsius: float) -> bool:
        return celsius >= 100


@tool
def run(celsius: list[float]) -> list[list[float | bool]]:
    """Degrees in both scales, and whether water boils."""
    made = []
    for degrees in celsius:
        warm = Temperature(degrees)
        warm.fahrenheit += 9
        made.append([round(warm.celsius, 6), warm.fahrenheit, Temperature.is_boiling(warm.celsius)])
    return made
