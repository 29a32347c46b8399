"""Compile kernels with numba, and keep their machine code on disk."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias, TypeVar

from dedup.vectorize.kernels.cache import working_folder

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
Whole: TypeAlias = Any
"""An integer inside a kernel. numba infers its width, which no Python type expresses."""

# Overflow wraps and nothing is reordered, so that results are the same on every machine; the GIL is released.
_OPTIONS: dict[str, Any] = {"nogil": True, "boundscheck": False, "error_model": "numpy"}


def kernel(function: Kernel) -> Kernel:
    """Compile a function that only other kernels call, as a part of each of them."""
    import numba

    from dedup.vectorize.kernels.linked import LinkedCompiler

    compiled: Kernel = numba.njit(no_cfunc_wrapper=True, pipeline_class=LinkedCompiler, **_OPTIONS)(function)
    return compiled


@cache
def callable_by_kernels(function: Kernel) -> Kernel:
    """Let kernels call a plain function, such as a formula, which numba compiles as part of each of them."""
    from numba.extending import register_jitable

    registered: Kernel = register_jitable(**_OPTIONS)(function)
    return registered


def kept(function: Kernel) -> Kernel:
    """Compile a function that Python calls, when it is first called, and keep its machine code on disk if possible."""
    return _kept(function, _OPTIONS)


def kept_with_gil(function: Kernel) -> Kernel:
    """Compile a function as `kept` does, but hold the GIL while it runs: it calls Python's C interface."""
    return _kept(function, {**_OPTIONS, "nogil": False})


def _kept(function: Kernel, options: dict[str, Any]) -> Kernel:
    import numba

    compiled: Any = numba.njit(no_cfunc_wrapper=True, **options)(function)
    folder = working_folder()
    if folder is not None:
        from dedup.vectorize.kernels.machine_code import StoredCode

        compiled._cache = StoredCode.of(function, folder)
    return compiled  # type: ignore[no-any-return]
