import numpy as np
import pytest
from fit_builders import AGE, PLACES, POWER, REGION, make_plan, make_scorecard

from training.definition import EstimatorOptions
from training.fit import fit_tables
from training.golden_rows import RANDOM_ROWS, golden_accounts

MARGINAL = EstimatorOptions("marginal")


@pytest.mark.parametrize("metrics", [1, 13, RANDOM_ROWS + 5])
def test_golden_rows_hold_the_edges_of_every_column(metrics):
    columns = {f"m{number:03}": POWER + number for number in range(metrics)}
    plan = make_plan([AGE, REGION], np.column_stack([PLACES[:, 0], np.arange(1500) % 3]))
    tables, _ = fit_tables(plan, columns, dict.fromkeys(columns, MARGINAL), jobs=1)
    card = make_scorecard(list(columns), (AGE, REGION))

    rows = golden_accounts(card, tables, seed=0)

    assert rows.tobytes() == golden_accounts(card, tables, seed=0).tobytes()
    assert np.isnan(rows).all(axis=1).sum() == 1
    for position, column in enumerate(card.inputs):
        missing = np.isnan(rows).sum(axis=1) == 1
        assert np.isnan(rows[missing][:, position]).sum() == 1, column.name
        low, high = (0, 2) if column.name == REGION.name else _ends(tables, column.name)
        assert {low, high, low - 1, high + 1, 0} <= set(rows[:, position])


def _ends(tables, name):
    curves = {name: table.pooled for name, table in tables.metrics.items()}
    curve = curves.get(name, tables.axes[0].pooled)
    return curve.values[0], curve.values[-1]
