"""Fills a template of dollars."""
# arguments: {"name": "Ada", "sum": 12}
# value: "Ada owes $12 to $whom"

from string import Template

from luthier import tool


@tool
def run(name: str, sum: int) -> str:
    """Leaves unknown names as they are."""
    return Template("$name owes $$${sum} to $whom").safe_substitute(name=name, sum=sum)
