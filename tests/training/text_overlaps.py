"""Finds texts of a picture that lie over each other, or beyond its edge."""

from itertools import combinations

from matplotlib.text import Text


def overlaps(figure):
    """Texts that share pixels, or stand partly outside; the picture is drawn first."""
    figure.png()
    renderer = figure.canvas.get_renderer()
    hidden = _undrawn(figure)
    boxes = [
        (text.get_text(), text.get_window_extent(renderer))
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden
    ]
    edge = figure.bbox
    outside = [
        text
        for text, box in boxes
        if box.x0 < edge.x0 - 1 or box.x1 > edge.x1 + 1 or box.y0 < -1 or box.y1 > edge.y1 + 1
    ]
    # A pixel or two of a letter's empty margin are no overlap.
    shared = [
        (one, other)
        for (one, a), (other, b) in combinations(boxes, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 2 and min(a.y1, b.y1) - max(a.y0, b.y0) > 2
    ]
    return outside + shared


def _undrawn(figure):
    """Labels of ticks beyond the ends of their axis, and all those of empty panels."""
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            drawn = {id(tick) for tick in axis._update_ticks()} if axes.axison else set()
            hidden |= {
                id(label)
                for tick in (*axis.majorTicks, *axis.minorTicks)
                for label in (tick.label1, tick.label2)
                if id(tick) not in drawn
            }
    return hidden
