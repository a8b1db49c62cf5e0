"""The container with a scorer that has a fault: what an unexpected error looks like."""

from serving.inference import server
from serving.scoring import Scorer


class FaultyScorer(Scorer):
    def score(self, accounts):
        raise ZeroDivisionError(f"a fault of ours, with {len(accounts)} accounts")


def main() -> None:
    load = server.load_scorer
    server.load_scorer = lambda path: FaultyScorer(load(path).artifact)
    server.main()


if __name__ == "__main__":
    main()
