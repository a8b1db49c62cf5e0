"""`scorecard data`: accounts to try things with."""

from __future__ import annotations

from pathlib import Path

import click

from training.cli.options import FILE, FOLDER, SEED

#: More than this do not fit into memory; a sample is to try things with.
MAX_ACCOUNTS = 100_000_000


@click.group()
def data() -> None:
    """Make or fetch accounts to try things with.

    \b
    Example:
      scorecard data sample --out build/sample
    """


@data.command("sample")
@click.option("--accounts", type=click.IntRange(1, MAX_ACCOUNTS), default=5000, show_default=True)
@click.option("--seed", type=SEED, default=2026, show_default=True)
@click.option("--out", type=FOLDER, required=True, help="Where the three CSVs go.")
def data_sample(accounts: int, seed: int, out: Path) -> None:
    """Make synthetic accounts whose true peer ranks are known.

    \b
    Example:
      scorecard data sample --accounts 5000 --seed 2026 --out build/sample
    """
    from training.synthetic import write_sample

    write_sample(out, accounts, seed)
    click.echo(f"{accounts:,} accounts in {out}")


@data.command("facts")
@click.argument("card", type=click.Choice(["account_health", "customer_success_score"]))
@click.option("--peers", type=FILE, required=True, help="A peer_dims.csv: whose facts to make.")
@click.option("--accounts", type=click.IntRange(1, MAX_ACCOUNTS), help="Only the first so many.")
@click.option("--seed", type=SEED, default=2026, show_default=True)
@click.option("--out", type=FOLDER, required=True, help="Where the CSVs go.")
def data_facts(card: str, peers: Path, accounts: int | None, seed: int, out: Path) -> None:
    """Make synthetic facts of the accounts in a file, for a scorecard of absolute metrics.

    For account_health also the contracts that a churn model is fitted to; their true chances are
    known.

    \b
    Example:
      scorecard data facts account_health --peers data/sample/peer_dims.csv --out build/facts
    """
    import pandas as pd

    from training.synthetic.facts import write_facts
    from training.synthetic.renewals import write_renewals

    whose = pd.read_csv(peers, dtype={"acct_id": str}, nrows=accounts)
    if card == "account_health":
        whose = whose[["acct_id"]]
        write_renewals(out, whose["acct_id"].tolist(), seed)
    write_facts(out, card, whose, seed)
    click.echo(f"{len(whose):,} accounts in {out}")


@data.command("reference")
@click.option("--out", type=FOLDER, required=True, help="Where the CSVs go.")
@click.option("--sdist", type=FILE, help="A css-mini sdist you already have.")
def data_reference(out: Path, sdist: Path | None) -> None:
    """Fetch the real tutorial data of css-mini: 100,000 accounts, with pip, checked by sha256.

    \b
    Example:
      scorecard data reference --out build/reference
    """
    from training.reference_data import fetch_reference

    written = fetch_reference(out, sdist=sdist)
    click.echo(f"100,000 accounts in {out}" + ("" if written else " (they were there already)"))
