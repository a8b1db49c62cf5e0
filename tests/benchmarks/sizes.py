"""Which numbers of accounts a benchmark runs, and how often: its options."""

import argparse
from collections.abc import Sequence


def chosen(
    says: str | None,
    sizes: Sequence[int],
    quick: Sequence[int],
    *,
    repeat: int,
    formats: Sequence[str] = (),
) -> argparse.Namespace:
    """Read `sizes`, `repeat`, `quick` from the command line, and `format` where there are several.

    --quick means these few sizes, once.
    """
    parser = argparse.ArgumentParser(
        description=says, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=_numbers, help="with commas between; all if not given")
    parser.add_argument("--repeat", type=int, help=f"runs of each  [default: {repeat}]")
    parser.add_argument("--quick", action="store_true", help=f"{max(quick):,} at most, once")
    if formats:
        parser.add_argument("--format", choices=formats, help="one only; all if not given")
    options = parser.parse_args()
    options.sizes = options.sizes or list(quick if options.quick else sizes)
    options.repeat = options.repeat or (1 if options.quick else repeat)
    return options


def _numbers(text: str) -> list[int]:
    return sorted({int(part) for part in text.replace("_", "").split(",")})
