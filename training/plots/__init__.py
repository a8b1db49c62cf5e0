"""Pictures for people: matplotlib figures for notebooks, and their PNG bytes for files.

Every function gives a `Picture`; the same numbers give the same bytes, whatever the settings of
the place where it is drawn.

    calibration.py  are the scores spread as they should be?
    curves.py       what is usual among peers, along a peer dimension
    surfaces.py     the same over two peer dimensions, as an image
    standing.py     an account against the distribution of its peers
    radar.py        an account's components
    canvas.py       what all pictures share

How scores move between two versions is drawn by ``training.gate.plot``.
"""

from training.plots.calibration import calibration_figure
from training.plots.canvas import Picture
from training.plots.curves import curves_figure
from training.plots.radar import radar_figure
from training.plots.standing import standing_figure
from training.plots.surfaces import effective_peers_figure, medians_figure

__all__ = [
    "Picture",
    "calibration_figure",
    "curves_figure",
    "effective_peers_figure",
    "medians_figure",
    "radar_figure",
    "standing_figure",
]
