"""What a build decides before it writes anything."""

from training.artifact_place import check_place
from training.build import nonzero_counts


def test_an_empty_folder_is_a_good_place(tmp_path):
    (tmp_path / "B").mkdir()

    check_place(tmp_path / "B")
    check_place(tmp_path / "deep" / "down" / "B")


def test_weights_by_share_count_every_value_that_is_not_zero():
    descriptions = {
        "profit": {"accounts": 40, "zeros": 10},
        "cases": {"accounts": 10, "zeros": 0},
    }

    assert nonzero_counts(descriptions) == {"profit": 30, "cases": 10}, "a loss is not zero"
