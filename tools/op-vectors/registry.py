"""The operators that vectors are made for: how to draw a case, and which cases are committed."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Operator:
    name: str
    draw: Callable
    # dtype -> list of (case name, pinned choices). Committed cases; random ones draw everything.
    cases: dict


OPERATORS = {}


def operator(cases):
    """Registers a drawing function under its own name. The function returns the number of outputs."""

    def register(function):
        OPERATORS[function.__name__] = Operator(function.__name__, function, cases)
        return function

    return register


def cases(**named):
    """Committed cases in the order written: name=pinned choices."""
    return list(named.items())
