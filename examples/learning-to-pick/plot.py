"""Draws what was gained, as an SVG that follows the reader's light or dark scheme."""

from __future__ import annotations

from typing import NamedTuple

WIDTH, HEIGHT, TOP, BOTTOM = 760, 320, 56, 272
# The panels' left and right sides, and what both show of the rewards.
LIVE, GAIN = (56, 370), (446, 744)
LOW, HIGH = -0.2, 1.0
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)

STYLE = """
    text { font: 12px system-ui, sans-serif; fill: #444 }
    .title { font-weight: 600; fill: #111 }
    .axis { stroke: #ccc }
    .zero { stroke: #777 }
    .base { stroke: #b0500f; stroke-dasharray: 5 4; fill: none }
    .base-text { fill: #b0500f }
    .line { stroke: #1f62a8; stroke-width: 2; fill: none }
    .band { fill: #1f62a8; opacity: .18 }
    .dot { fill: #1f62a8; opacity: .45 }
    .mean { fill: #1f62a8 }
    @media (prefers-color-scheme: dark) {
      text { fill: #bbb } .title { fill: #eee } .axis { stroke: #444 } .zero { stroke: #999 }
      .base { stroke: #f0a065 } .base-text { fill: #f0a065 } .line { stroke: #79b4f2 }
      .band, .dot, .mean { fill: #79b4f2 }
    }
"""


class Estimate(NamedTuple):
    """A mean, how far its 95 % interval reaches to each side, and what it is the mean of."""

    mean: float
    reach: float
    values: list[float]


def draw(rounds: list[Estimate], people: int, chance: float, gains: dict[str, Estimate]) -> str:
    """Left, how content each round of so many people was; right, what people who were held out gained."""
    body = [*_live(rounds, people, chance), *_gains(gains)]
    drawn = "\n  ".join(body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
        f"  <title>Rewards rise as promotions come, and so do those of people who were held out</title>\n"
        f"  <style>{STYLE}  </style>\n  {drawn}\n</svg>\n"
    )


def _live(rounds: list[Estimate], people: int, chance: float) -> list[str]:
    left, right = LIVE

    def x(place: int) -> float:
        return left + (right - left) * (place + 0.5) / len(rounds)

    made = [_text(left, 24, "Mean reward of live traffic", "title"), *_levels(LIVE)]
    for place in range(len(rounds)):
        told = f"{place * people + 1} to {(place + 1) * people}"
        made.append(_text(x(place), BOTTOM + 20, told, anchor="middle"))
    made.append(_text((left + right) / 2, BOTTOM + 40, "people served", anchor="middle"))
    upper = [(x(place), _y(one.mean + one.reach)) for place, one in enumerate(rounds)]
    lower = [(x(place), _y(one.mean - one.reach)) for place, one in enumerate(rounds)]
    made.append(f'<polygon class="band" points="{_points([*upper, *lower[::-1]])}"/>')
    made.append(f'<path class="base" d="M{left} {_y(chance):.1f}H{right}"/>')
    made.append(_text(right, _y(chance) + 16, "picks by chance", "base-text", "end"))
    middle = [(x(place), _y(one.mean)) for place, one in enumerate(rounds)]
    made.append(f'<polyline class="line" points="{_points(middle)}"/>')
    made += [f'<circle class="mean" cx="{at:.1f}" cy="{height:.1f}" r="3.5"/>' for at, height in middle]
    return made


def _gains(gains: dict[str, Estimate]) -> list[str]:
    left, right = GAIN
    made = [
        _text(left, 24, "Gain a pick of people who were held out", "title"),
        *_levels(GAIN),
        f'<path class="zero" d="M{left} {_y(0):.1f}H{right}"/>',
    ]
    for place, (name, gain) in enumerate(gains.items()):
        middle = left + (right - left) * (place + 0.44) / len(gains)
        for at, value in enumerate(gain.values):
            away = 16 + 5 * (at % 3)
            made.append(f'<circle class="dot" cx="{middle - away:.1f}" cy="{_y(value):.1f}" r="3"/>')
        reach = f"M{middle:.1f} {_y(gain.mean - gain.reach):.1f}V{_y(gain.mean + gain.reach):.1f}"
        made.append(f'<path class="line" d="{reach}"/>')
        made.append(f'<circle class="mean" cx="{middle:.1f}" cy="{_y(gain.mean):.1f}" r="4.5"/>')
        made.append(_text(middle + 10, _y(gain.mean) + 4, f"{gain.mean:+.2f} ± {gain.reach:.2f}"))
        made.append(_text(middle, BOTTOM + 20, f"over {name}", anchor="middle"))
    made.append(_text((left + right) / 2, BOTTOM + 40, "a dot for each seed, with the 95 % interval", anchor="middle"))
    return made


def _levels(panel: tuple[int, int]) -> list[str]:
    left, right = panel
    made = []
    for value in LEVELS:
        made.append(f'<path class="axis" d="M{left} {_y(value):.1f}H{right}"/>')
        made.append(_text(left - 8, _y(value) + 4, f"{value:g}", anchor="end"))
    return made


def _y(reward: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * (reward - LOW) / (HIGH - LOW)


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    named = f' class="{style}"' if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{text}</text>'


def _points(places: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
