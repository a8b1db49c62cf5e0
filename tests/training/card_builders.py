"""What a model card is written from, and reading one of its tables."""

from fit_builders import make_scorecard

from training.model_card import model_card

NAMES = ["bots", "macro", "web2case"]


def make_result(**changes):
    return {
        "missing": 12,
        "accounts": 3456,
        "rank_crps": 0.123,
        "rank_crps_ratio": 0.8124,
        "rank_crps_ratio_standard_error": 0.0051,
        "pit_ks": 0.0173,
        "pit_ks_noise_95": 0.0231,
        "coverage": {f"{level / 100:.2f}": level / 100 + 0.003 for level in range(5, 100, 5)},
        "worst_cell_ks": 0.0917,
        "worst_cell_noise_95": 0.0828,
        "at_lower": 0.25,
        "at_upper": 0.0,
        "atom_share": 0.25,
        "rank_crps_ratio_interval": [0.8021, 0.8229],
        "rank_crps_knn_ratio": 0.9871,
        "rank_crps_knn_ratio_interval": [0.9812, 0.9931],
        "jump_p99": 0.0449,
    } | changes


def make_evaluation(*, baseline=None, **metrics):
    return {
        "on": "evaluation split",
        "accounts": 3468,
        "baseline": {
            "estimator": "nearest_peers",
            "accounts": 0 if baseline else 13_877,
            "reason": baseline,
        },
        "jump": {"dimension": "acct_age", "rank": 0.005},
        "flags": {
            "out_of_range": 0,
            "peer_dimension_missing": 35,
            "few_peers": 347,
            "value_clamped": 1734,
        },
        "metrics": {name: make_result() for name in NAMES} | metrics,
    }


def make_training(**metrics):
    fitted = {"estimator": "distribution_regression", "rounds": 30}
    return {
        "accounts": 17_345,
        "data_sha256": "0123456789abcdef" * 4,
        "refused_rows": 1_021,
        "split": {"accounts": {"fit": 10_400, "select": 3_477, "evaluate": 3_468}},
        "metrics": dict.fromkeys(NAMES, fitted) | metrics,
    }


def make_card(*, card=None, training=None, evaluation=None):
    return model_card(
        card or make_scorecard(NAMES),
        training or make_training(),
        evaluation or make_evaluation(),
    )


def row_of(card, first, section="### The figures"):
    """Cells of a row in a section's first table."""
    lines = card.split(section)[1].splitlines()
    row = next(line for line in lines if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in row.strip("|").split("|")]
