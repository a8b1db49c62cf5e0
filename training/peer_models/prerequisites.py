"""What must be there before anything can be learned about peers."""

from __future__ import annotations

from training.peer_models.interface import Sample

#: Below this many accounts a model of peers is noise.
MIN_ACCOUNTS = 300
#: Why a model that gained less than one standard error is not kept.
NO_GAIN = "peers tell no more than chance about this metric"


def reason_for_marginal(fitting: Sample, selection: Sample) -> str | None:
    """Say why nothing about peers can be learned; None if something can."""
    accounts = len(fitting) + len(selection)
    if accounts < MIN_ACCOUNTS:
        return f"{accounts} accounts have it and all peer dimensions; {MIN_ACCOUNTS} are needed"
    if not len(fitting) or not len(selection):
        return f"no account is left to {'select by' if len(fitting) else 'fit to'}"
    if len(fitting.knots) == 2:
        return "every account has the same value"
    if len(fitting.cells.accounts) == 1:
        return "every account is at the same place in the peer dimensions"
    return None
