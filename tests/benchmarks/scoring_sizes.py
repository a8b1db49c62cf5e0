"""What scoring costs from a thousand accounts to ten million: `scorecard score`, as users run it.

    python -m tests.benchmarks.scoring_sizes [--sizes 1000,10000000] [--repeat 5]
        [--format csv] [--quick]

Of every run: seconds, user and system time of all its processes, and their memory. What the
program costs before it scores (its imports) is what it takes for one account; it is told apart,
because 'the same for every account' is a claim about what comes on top of it, too.
"""

import os
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.benchmarks.made_accounts import SCORECARD, made_accounts, trained_artifact
from tests.benchmarks.process_tree import Spent, run_measured
from tests.benchmarks.report import RESULTS, Check, at_most, table, write
from tests.benchmarks.sizes import chosen

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
QUICK = (1_000, 10_000, 100_000)
JOBS = (1, 2)
FORMATS = ("csv", "parquet")
#: From here on a cost per account is held to be the same.
FLAT_FROM = 100_000
MOST_DEVIATION = 0.25
MOST_GIB = 2.0
#: With fewer, a process is done before another one has started.
SPEED_UP_FROM = 1_000_000
LEAST_SPEED_UP = 1.5


@dataclass(frozen=True, kw_only=True)
class Case:
    """One way to score: how many accounts, by how many processes, into which format."""

    accounts: int
    jobs: int
    suffix: str
    runs: list[Spent] = field(default_factory=list)

    @property
    def cpu_s(self) -> float:
        return statistics.median(run.cpu_s for run in self.runs)

    @property
    def wall_s(self) -> float:
        return statistics.median(run.wall_s for run in self.runs)

    @property
    def peak_gib(self) -> float:
        return max(run.peak_bytes for run in self.runs) / 2**30

    @property
    def kind(self) -> tuple[int, str]:
        return self.jobs, self.suffix


def main() -> None:
    options = chosen(__doc__, SIZES, QUICK, repeat=5, formats=FORMATS)
    formats = [options.format] if options.format else FORMATS
    artifact = trained_artifact()
    cases = measured(artifact, [1, *options.sizes], formats, options.repeat)
    fixed = {case.kind: case.cpu_s for case in cases if case.accounts == 1}
    sized = [case for case in cases if case.accounts > 1]
    write(
        "scoring_sizes",
        {"cases": [asdict(case) for case in cases], "load": os.getloadavg()},
        f"`scorecard score`, {options.repeat} runs each: medians, and the largest memory",
        "\n\n".join([costs(sized, fixed), f"Before the first account: {imports(fixed)}"]),
        checks(sized, fixed),
    )


def measured(artifact: Path, sizes: list[int], formats: Sequence[str], repeat: int) -> list[Case]:
    """Score all sizes in all ways, in turns, so that a slow minute falls on every way."""
    cases: list[Case] = []
    # The first run reads the libraries from the disk.
    score(artifact, made_accounts(1), Case(accounts=1, jobs=1, suffix="csv"))
    for accounts in sizes:
        data = made_accounts(accounts)
        ways = [Case(accounts=accounts, jobs=j, suffix=s) for s in formats for j in JOBS]
        for turn in range(repeat):
            print(f"scoring {accounts:,} accounts, {turn + 1} of {repeat} …", flush=True)
            for case in ways:
                case.runs.append(score(artifact, data, case))
        cases += ways
    return cases


def score(artifact: Path, data: Path, case: Case) -> Spent:
    out = RESULTS / f"sizes-scores.{case.suffix}"
    words = ["score", artifact, "--data", data, "--out", out, "--jobs", str(case.jobs)]
    spent = run_measured([SCORECARD, *words])
    out.unlink()
    return spent


def costs(cases: list[Case], fixed: dict[tuple[int, str], float]) -> str:
    head = ["accounts, jobs, output", "CPU µs per account", "lowest to highest", "without imports",
            "wall s", "CPU s", "memory, GB", "largest process, GB"]  # fmt: skip
    return table(head, [_row(case, fixed) for case in cases])


def _row(case: Case, fixed: dict[tuple[int, str], float]) -> list[str]:
    per_account = [micros(run.cpu_s, case) for run in case.runs]
    return [
        f"{case.accounts:,}, {case.jobs}, {case.suffix}",
        f"{micros(case.cpu_s, case):.2f}",
        f"{min(per_account):.2f} to {max(per_account):.2f}",
        f"{micros(case.cpu_s - fixed[case.kind], case):.2f}",
        f"{case.wall_s:.1f}",
        f"{case.cpu_s:.1f}",
        f"{case.peak_gib:.2f}",
        f"{max(run.largest_bytes for run in case.runs) / 2**30:.2f}",
    ]


def micros(seconds: float, case: Case) -> float:
    return 1e6 * seconds / case.accounts


def imports(fixed: dict[tuple[int, str], float]) -> str:
    said = [f"{cpu:.2f} CPU s ({jobs} jobs, {suffix})" for (jobs, suffix), cpu in fixed.items()]
    return ", ".join(said)


def checks(cases: list[Case], fixed: dict[tuple[int, str], float]) -> list[Check]:
    found = []
    for kind, cost in fixed.items():
        large = [case for case in cases if case.kind == kind and case.accounts >= FLAT_FROM]
        if len(large) > 1:
            what = f"{kind[0]} jobs, {kind[1]}: CPU per account from {FLAT_FROM:,} on"
            plain = deviation([micros(case.cpu_s, case) for case in large])
            above = deviation([micros(case.cpu_s - cost, case) for case in large])
            found.append(at_most(f"{what}, deviation from the middle", plain, MOST_DEVIATION))
            found.append(at_most(f"{what}, without imports, deviation", above, MOST_DEVIATION))
    most = max(case.accounts for case in cases)
    for case in (case for case in cases if case.accounts == most):
        what = f"{most:,} accounts, {case.jobs} jobs, {case.suffix}: memory in GB"
        found.append(at_most(what, case.peak_gib, MOST_GIB, digits=2))
    if most < SPEED_UP_FROM:
        return found
    suffixes = sorted({case.suffix for case in cases})
    return found + [_speed_up(cases, most, suffix) for suffix in suffixes]


def deviation(costs_: list[float]) -> float:
    """Give the largest distance from the middle of the range, as a share of that middle."""
    middle = (min(costs_) + max(costs_)) / 2.0
    return (max(costs_) - middle) / middle


def _speed_up(cases: list[Case], accounts: int, suffix: str) -> Check:
    one, two = (
        next(case for case in cases if (case.accounts, *case.kind) == (accounts, jobs, suffix))
        for jobs in JOBS
    )
    ratio = one.wall_s / two.wall_s
    text = f"{accounts:,} accounts, {suffix}: two jobs are {ratio:.2f} times as fast as one"
    return Check(f"{text}, at least {LEAST_SPEED_UP:g}", ratio >= LEAST_SPEED_UP)


if __name__ == "__main__":
    main()
