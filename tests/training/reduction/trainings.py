"""The same small folder trained on in memory and on the disk."""

import numpy as np
import pandas as pd

from training.definition import EstimatorOptions
from training.errors import DataError
from training.train import train

#: The cheapest estimator that knows peers.
CHEAP = EstimatorOptions("nearest_peers")


def make_accounts(accounts=900, seed=1):
    """Accounts whose ids are in no order; age, size, region and start, and metrics of all kinds."""
    rng = np.random.default_rng(seed)
    age, size = np.floor(rng.uniform(0, 48, accounts)), rng.lognormal(3.0, 2.0, accounts)
    use = rng.gamma(2.0, np.where(age < 12, 1.0, 3.0))
    days = pd.Timestamp(2025, 1, 1) + pd.to_timedelta(rng.integers(0, 700, accounts), unit="D")
    return pd.DataFrame(
        {
            "acct_id": [f"ä{number:x}" for number in rng.permutation(accounts)],
            "acct_age": age,
            "acct_size": size,
            "region": rng.choice(["EU", "US", "日本"], accounts),
            "since": days.strftime("%Y-%m-%d"),
            "vip": rng.choice(["true", "false"], accounts),
            "use": use,
            "zeros": np.where(rng.random(accounts) < 0.4, rng.choice([-0.0, 0.0], accounts), use),
            "counts": rng.poisson(1 + age / 12),
            "gaps": np.where(rng.random(accounts) < 0.5, np.nan, rng.normal(size=accounts)),
            "never": np.full(accounts, np.nan),
        }
    )


def write_folder(folder, frame, dimensions, metrics, card=""):
    """Write tables and a card; gives the folder of the tables and the card's path."""
    data = folder / "data"
    data.mkdir()
    names = [each["name"] if isinstance(each, dict) else each for each in dimensions]
    frame[["acct_id", *names]].to_csv(data / "peer_dims.csv", index=False)
    usage = frame[["acct_id", *metrics]].assign(last_updated="2026-11-02")
    # Of half of the accounts what was read first is something else, and does not count.
    half = len(frame) // 2
    first = usage.iloc[:half].assign(last_updated="2026-11-01")
    first[metrics] = first[metrics].iloc[::-1].to_numpy()
    first = pd.concat([first, usage.iloc[half:]]).sample(frac=0.95, random_state=3)
    first.to_csv(data / "usage.csv", index=False)
    usage.iloc[:half].to_csv(data / "usage_update.csv", index=False)
    told = ", ".join(
        f"{{name: {each['name']}, type: {each['type']}}}" if isinstance(each, dict) else each
        for each in dimensions
    )
    path = folder / "card.yaml"
    path.write_text(
        "schema: scorecard/v1\nid: test\nscale: {type: out_of_10, step: 1}\n"
        f"peer_dimensions: [{told}]\n"
        "metrics:\n"
        + "".join(f"  {name}: {{kind: peer}}\n" for name in metrics)
        + "components: {use: {weight: 1, metrics: {"
        + ", ".join(f"{name}: 1" for name in metrics)
        + f"}}}}}}\n{card}",
        encoding="utf-8",
    )
    return data, path


def artifact_of(data, card, out, **options):
    """Every file of the artifact: path → bytes; or the error."""
    try:
        run = train(data, card, out, **{"estimator": CHEAP, "max_refused_share": 1.0} | options)
    except DataError as error:
        assert not out.exists()
        return f"{type(error).__name__}: {error}"
    files = {
        str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()
    }
    return files | {"told": repr((run.evaluation, run.notes, len(run.accounts)))}


def both_ways(data, card, folder, jobs=1, **options):
    """The artifact made in memory, and the one made on the disk."""
    within = artifact_of(data, card, folder / "within", **options)
    beyond = artifact_of(data, card, folder / "beyond", memory_bytes=1, jobs=jobs, **options)
    return within, beyond
