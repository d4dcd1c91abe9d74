"""What all tests share: how hard hypothesis tries."""

import os

from hypothesis import settings

settings.register_profile("home", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=1000, deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "home")

pytest_plugins = ("tests.frame_sets",)  # how many recorded frame sets were pinned
