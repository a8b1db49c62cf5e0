"""prometheus-client's histogram, for values that are counted per bucket already.

Imports prometheus-client, which takes as long as starting a small program: import it where metrics
are written, not where they are counted.
"""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import Histogram


class BinnedHistogram(Histogram):
    """A histogram to which many values are added at once."""

    def add(self, counts: Sequence[int], total: float) -> None:
        """Count values.

        Parameters
        ----------
        counts : sequence of int
            How many values each bucket gets, those beyond the last bound at the end. A value that
            equals a bound belongs to the bucket that ends there.
        total : float
            The sum of the values.
        """
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.inc(count)
        self._sum.inc(total)
