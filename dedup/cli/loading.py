"""Parts of libraries that load when they are first used, not with the library."""

from __future__ import annotations

import sys
from importlib.util import LazyLoader, find_spec, module_from_spec

PUT_OFF = ("char", "ctypeslib", "f2py", "polynomial", "rec", "testing")
"""Parts of NumPy that SciPy loads, since it asks NumPy for every name, and that a run has no use for."""


def put_off_parts() -> None:
    """Put off loading parts of NumPy, which would take a tenth of the time of a small run."""
    import numpy as np

    for part in PUT_OFF:
        name = f"numpy.{part}"
        spec = None if name in sys.modules else find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
            module = sys.modules[name] = module_from_spec(spec)
            spec.loader.exec_module(module)
            setattr(np, part, module)
