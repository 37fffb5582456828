"""The facade: every name resolves, functions stay functions, and importing it is light."""

import subprocess
import sys


def test_every_public_name_resolves_and_functions_stay_functions() -> None:
    import resolution.standardise

    for name in resolution.__all__:
        assert getattr(resolution, name) is not None
    assert callable(resolution.standardise) and callable(resolution.explain)


def test_importing_the_facade_loads_no_heavy_library() -> None:
    heavy = "('pandas', 'polars', 'recordlinkage', 'numpy')"
    code = f"import resolution, sys; print([m for m in {heavy} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_night_needs_no_scikit_learn() -> None:
    """Two seconds of the processor, as long as a small night itself; only recordlinkage's own interfaces need it."""
    modules = "resolution.proposing, resolution.pipeline, resolution.hints, resolution.thresholds, resolution.proposal"
    code = f"import {modules}, sys; print([m for m in ('sklearn', 'recordlinkage') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
