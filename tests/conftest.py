"""For all tests."""

import os

from hypothesis import settings

# At a desk every run tries new examples; in CI the same, so that a red run is about the change.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
