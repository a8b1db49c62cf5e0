"""Actors that take turns at every call of the store, in an order that a test chooses."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

#: No call takes so long.
PATIENCE_S = 60


class Killed(BaseException):
    """What an actor sees instead of an answer once it is dead; nothing catches it."""


class Actor:
    """Does something with a client in a thread of its own, and waits before each call."""

    def __init__(self, client: Any, act: Callable[[Any], Any], lives: int | None = None) -> None:
        self.client, self.act, self.lives = client, act, lives
        self.calls = 0
        self.result: Any = None
        self.error: BaseException | None = None
        self.over = self.asleep = False
        self.may_go, self.has_stopped = threading.Semaphore(0), threading.Semaphore(0)
        threading.Thread(target=self.run, name=f"actor-{id(self)}", daemon=True).start()
        assert self.has_stopped.acquire(timeout=PATIENCE_S)

    def run(self) -> None:
        actors[threading.get_ident()] = self
        try:
            self.result = self.act(self)
        except BaseException as error:  # noqa: BLE001 - for the test to look at
            self.error = error
        self.over = True
        del actors[threading.get_ident()]
        self.has_stopped.release()

    @property
    def meta(self) -> Any:
        return self.client.meta

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            self.wait()
            if self.calls == self.lives:
                raise Killed
            self.calls += 1
            return getattr(self.client, name)(**arguments)

        return call

    def wait(self) -> None:
        self.has_stopped.release()
        self.may_go.acquire()

    def step(self) -> None:
        """Let it make a call, and go on to the next."""
        self.asleep = False
        self.may_go.release()
        assert self.has_stopped.acquire(timeout=PATIENCE_S), "an actor hangs"


#: By thread.
actors: dict[int, Actor] = {}


def sleep(_seconds: float) -> None:
    """Stands for `time.sleep`: an actor that waits lets the others go first."""
    actor = actors[threading.get_ident()]
    actor.asleep = True
    actor.wait()


def take_turns(actors: Sequence[Actor], order: Sequence[int]) -> None:
    """Let actors run: the first for so many calls, the next for so many, and so on; then all."""
    for number, calls in enumerate(order):
        run(actors[number % len(actors)], calls)
    while not all(actor.over for actor in actors):
        for actor in actors:
            run(actor, None)


def run(actor: Actor, calls: int | None) -> None:
    while not actor.over and calls != 0:
        actor.step()
        calls = None if calls is None else calls - 1
        if actor.asleep:
            return
