"""What all pictures share: settings, colours, a grid of panels, and how they become bytes."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

#: Told apart by who sees no red or no green, and in grey (Okabe and Ito).
BLUE, VERMILION, GREY, BAND = "#0072B2", "#D55E00", "0.45", "0.88"
#: Rises in lightness as well as in colour.
COLOUR_MAP = "viridis"
TITLE_SIZE, SMALL = 9, 8

_COLOURS = 192
_COLUMNS = 4
_PANEL_INCHES = 3.0, 2.3
#: Where there are few panels they are wider: the title must fit.
_LEAST_WIDTH = 9.0
#: What fits over a panel.
_TITLE_CHARACTERS = 34


class Picture(Figure):
    """A matplotlib figure that a notebook shows as it is, whether or not pyplot is loaded."""

    def png(self) -> bytes:
        """Give the picture's bytes; the same figure gives the same ones."""
        canvas, stream = FigureCanvasAgg(self), io.BytesIO()
        with settings_of_no_place(), warnings.catch_warnings():
            # A category may be written in a script the font lacks: it gets boxes, no warning.
            warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
            self.savefig(stream, format="rgba")
        pixels = Image.frombytes("RGBA", canvas.get_width_height(), stream.getvalue())
        stream = io.BytesIO()
        # A palette makes a third of the bytes.
        fewer = pixels.convert("RGB").quantize(
            _COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
        )
        fewer.save(stream, format="png")
        return stream.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png()


@contextmanager
def settings_of_no_place() -> Iterator[None]:
    """Draw with the library's own settings: a matplotlibrc here must not change the bytes."""
    with mpl.rc_context():
        mpl.rcdefaults()
        # A name with dollars in it is a name, not a formula.
        mpl.rcParams["text.parse_math"] = False
        mpl.rcParams["axes.formatter.use_mathtext"] = False
        yield


def blank(width: float, height: float) -> Picture:
    """Give an empty picture of so many inches, 100 pixels each."""
    figure = Picture(figsize=(width, height), layout="constrained", dpi=100)
    FigureCanvasAgg(figure)
    return figure


def grid(
    title: str, shown: Mapping[str, Any], *, share_x: bool = False, share_y: bool = False
) -> tuple[Picture, list[Axes]]:
    """Lay out a panel for each metric; those left over in the last row stay empty.

    Where panels share an axis, only those at the edge say its numbers; see `label_panels`.
    """
    rows = max(1, math.ceil(len(shown) / _COLUMNS))
    columns = min(_COLUMNS, max(1, len(shown)))
    width, height = _PANEL_INCHES
    figure = blank(max(columns * width, _LEAST_WIDTH), height * rows + 0.8)
    figure.suptitle(title)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=share_x, sharey=share_y)
    panels = list(axes.reshape(-1))
    for panel in panels[len(shown) :]:
        panel.set_axis_off()
    return figure, panels


def entitle(panel: Axes, name: str, more: str = "") -> None:
    """Write a metric's name over its panel, and what must not be cut off behind it."""
    panel.set_title(f"{short(name, _TITLE_CHARACTERS - len(more))}{more}", fontsize=TITLE_SIZE)


def short(text: str, most: int = 40) -> str:
    """Cut a text to one line of at most so many characters, two at least.

    It is cut in the middle: names that begin alike differ at their ends.

    Examples
    --------
    >>> short("credits_used_by_automation_12m", 20)
    'credits_us…ation_12m'
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(line) <= most:
        return line
    after = max(most - 1, 1) // 2
    return f"{line[: max(most - 1 - after, 1)]}…{line[len(line) - after :]}"


def label_panels(panels: Sequence[Axes], *, x: str, y: str) -> None:
    """Name the axes at the left and the bottom only."""
    for panel in panels[::_COLUMNS]:
        panel.set_ylabel(short(y))
    for panel in panels[max(0, len(panels) - _COLUMNS) :]:
        panel.set_xlabel(short(x))
        panel.tick_params(axis="x", labelbottom=True)


def explain_below(figure: Picture, *panels: Axes) -> None:
    """Put one legend below all panels, where it covers nothing: each label of theirs once."""
    told: dict[str, Artist] = {}
    for panel in panels:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            told.setdefault(label, handle)
    if told:
        figure.legend(
            told.values(), told, loc="outside lower center", ncols=len(told),
            fontsize=SMALL,
        )  # fmt: skip


def number_text(value: float) -> str:
    """Write a number in few characters, without powers of ten where they can be avoided.

    Examples
    --------
    >>> [number_text(value) for value in (0.0, 0.1234, 3.0, 1234567.8, 1e12)]
    ['0', '0.123', '3', '1,234,568', '1e+12']
    """
    if value != 0 and not 1e-3 <= abs(value) < 1e9:
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
