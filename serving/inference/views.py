"""Parts of a scorecard: the metrics it has, and those of a category, of a product, or of both."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from serving.scoring import Scorer
from serving.scoring.scorecard import Component
from serving.web.problems import Problem


class ListedMetric(NamedTuple):
    """A metric, for people who choose among them.

    Attributes
    ----------
    name, key : str
        In the scorecard, and of its score on the wire.
    kind : str
    label, product : str or None
    components : tuple of str
        Names of the components it is in, from the top.
    """

    name: str
    key: str
    kind: str
    label: str | None
    product: str | None
    components: tuple[str, ...]


def listed_metrics(scorer: Scorer) -> tuple[ListedMetric, ...]:
    """List the metrics of a scorer, in the order of their scores."""
    card = scorer.scorecard
    metrics = {metric.name: metric for metric in card.metrics}
    keys = dict(zip(metrics, scorer.metric_keys, strict=True))
    paths = dict(_paths(card.components))
    return tuple(
        ListedMetric(
            name,
            keys[name],
            metrics[name].kind,
            metrics[name].label,
            metrics[name].product,
            tuple(component.name for component in paths[node.name]),
        )
        for node in card.all_components
        for name in node.metrics
    )


class View(NamedTuple):
    """Which metrics an explanation tells of; what is told of each stays as it is.

    Attributes
    ----------
    metrics : collection of str
        Their names.
    components : collection of str
        Wire keys of the components that hold one of them, at any depth.
    """

    metrics: Collection[str]
    components: Collection[str]

    def of(self, explanation: Mapping[str, Any]) -> dict[str, Any]:
        """Leave out of an explanation, plain JSON values, what is about other metrics.

        Scores, bands and points lost stay those of the whole; drivers are those in view.
        """
        components = [lost for lost in explanation["components"] if lost["key"] in self.components]
        return {
            **explanation,
            "metrics": self._in_view(explanation["metrics"]),
            "components": [self._drivers(lost) for lost in components],
            "overall": self._drivers(explanation["overall"]),
            "next_band": self._next_band(explanation["next_band"]),
        }

    def _in_view(self, about: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        return [each for each in about if each["metric"] in self.metrics]

    def _drivers(self, lost: Mapping[str, Any]) -> dict[str, Any]:
        return {**lost, "drivers": self._in_view(lost["drivers"])}

    def _next_band(self, band: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if band is None:
            return None
        together = band["together"]
        if together and len(self._in_view(together["changes"])) < len(together["changes"]):
            together = None
        return {**band, "alone": self._in_view(band["alone"]), "together": together}


def read_view(query: str, scorer: Scorer) -> View | None:
    """Read a URL's query: ``category`` and ``product``, both of which a metric must be of.

    Parameters
    ----------
    query : str
        A category is a component at any depth, by its name or its label; upper and lower case
        do not matter.

    Returns
    -------
    View or None
        None where nothing is asked for: everything is in view.

    Raises
    ------
    Problem
        400 that lists what there is, if there is no such category or product, or something else
        is asked for, or one thing twice.
    """
    asked = _asked(query)
    if not asked:
        return None
    metrics = listed_metrics(scorer)
    if "category" in asked:
        names = _called(scorer, asked["category"])
        metrics = tuple(metric for metric in metrics if names & set(metric.components))
    if "product" in asked:
        product, known = asked["product"].casefold(), products(scorer)
        if product not in map(str.casefold, known):
            raise _unknown("product", asked["product"], known)
        metrics = tuple(one for one in metrics if (one.product or "").casefold() == product)
    return View(
        {metric.name for metric in metrics},
        {f"{name}_component_score" for metric in metrics for name in metric.components},
    )


def categories(scorer: Scorer) -> tuple[str, ...]:
    """Give what people call the components, as `read_view` takes it, in the order of scores."""
    nodes = scorer.scorecard.all_components
    return tuple(dict.fromkeys(node.label or node.name for node in nodes))


def products(scorer: Scorer) -> tuple[str, ...]:
    """Give the products that metrics are of, each once."""
    named = (metric.product for metric in listed_metrics(scorer))
    return tuple(dict.fromkeys(product for product in named if product is not None))


def _asked(query: str) -> dict[str, str]:
    asked: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in ("category", "product"):
            raise Problem(400, f"{name[:60]!r} cannot be asked for; category and product can")
        if name in asked:
            raise Problem(400, f"{name} is asked for twice; ask for one")
        asked[name] = value
    return asked


def _called(scorer: Scorer, asked: str) -> set[str]:
    """Find the components that are called so."""
    found = {
        node.name
        for node in scorer.scorecard.all_components
        if asked.casefold() in (node.name.casefold(), (node.label or node.name).casefold())
    }
    if not found:
        raise _unknown("category", asked, categories(scorer))
    return found


def _unknown(what: str, asked: str, known: Collection[str]) -> Problem:
    there = f"there are {', '.join(known)}" if known else "this scorecard names none"
    return Problem(400, f"there is no {what} {asked[:60]!r}; {there}")


def _paths(
    components: Sequence[Component], above: tuple[Component, ...] = ()
) -> Iterator[tuple[str, tuple[Component, ...]]]:
    for component in components:
        path = (*above, component)
        yield component.name, path
        yield from _paths(component.components, path)
