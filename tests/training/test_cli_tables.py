"""The tables that commands print: no column is called like another."""

from card_builders import make_evaluation

from training.cli.options import evaluation_table


def test_a_metric_s_noise_and_that_of_its_worst_cell_are_told_apart():
    table = evaluation_table(make_evaluation())

    (header,) = [line for line in table.splitlines() if line.startswith("metric ")]
    columns = header.split("  ")
    assert len([name for name in columns if name.strip() == "noise"]) == 1
    assert "cell KS" in header
    assert "its noise" in header
    assert "it may exceed one cell's noise" in table
