"""Progress of very many steps, told now and then: a log of thousands of lines tells nothing."""

from __future__ import annotations

from collections.abc import Callable

from training.progress import Step

#: How often a step is told of, all in all; of how many, where nobody knows how many there are.
_TOLD, _TOLD_OF = 20, 32


def milestones(done: Step, total: int) -> Callable[[str], None]:
    """Give a function to call with the name of every finished step.

    Parameters
    ----------
    done : callable
        Told of some twenty of the steps.
    total : int
        How many steps there are, about; 0 if nobody knows.
    """
    finished = 0

    def step(name: str) -> None:
        nonlocal finished
        finished += 1
        if not total:
            if finished % _TOLD_OF == 0:
                done(name, 0)
        elif finished * _TOLD // total > (finished - 1) * _TOLD // total:
            done(name, min(total, _TOLD))

    return step
