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
