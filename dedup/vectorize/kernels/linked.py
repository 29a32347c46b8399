"""Compile functions that only kernels call: they are optimised as a part of each kernel, and not once more alone.

By default numba optimises every function and makes machine code of it, a third of the time of compiling, and then does
so again inside its callers.
"""

from __future__ import annotations

import gc
from functools import partial
from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder


class _WithoutMachineCode:
    def set_env(self, env_name: str, env: object) -> None:
        """Do nothing."""


class LinkedLibrary(JITCodeLibrary):  # type: ignore[misc] # numba has no types
    """The code of a function and of those that it calls, as it is, to be linked into the code of its callers."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        """Do nothing: the callers do."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    @property
    def codegen(self) -> Any:
        """What numba asks to let machine code know its environment, which this has not."""
        return _WithoutMachineCode()

    def get_pointer_to_function(self, name: str) -> int:  # noqa: ARG002 - there is no machine code
        return 0


class LinkedCompiler(CompilerBase):  # type: ignore[misc] # numba has no types
    """numba's compiler of functions without Python objects, except for the library."""

    def define_pipelines(self) -> list[Any]:
        state = self.state
        state.flags.no_cpython_wrapper = True  # not an option of the function, by which numba tells its own parts apart
        state.library = LinkedLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return [DefaultPassBuilder.define_nopython_pipeline(state)]


def quicken_compiler() -> None:
    """Let numba compile faster in this process, which does nothing else: what it compiles is the same.

    numba asks for each call in a kernel whether the options of its function are those of another, and builds two
    dictionaries of all options to find out. Its own functions, such as `np.empty`, become parts of kernels as those of
    `kernel` do.
    """
    from numba.core.compiler import Flags
    from numba.core.typing.templates import _OverloadFunctionTemplate as Overload

    gc.disable()  # the compiler makes millions of objects, and few of them are garbage
    decorator, hashed = Overload._get_jit_decorator, hash(Flags())  # of the names of all options

    def equals(one: Any, other: Any) -> Any:
        if type(one) is not type(other):
            return NotImplemented
        given = {**one._values, **other._values}  # the other options have their defaults in both
        return one._values == other._values or all(getattr(one, name) == getattr(other, name) for name in given)

    def linked(template: Any) -> Any:
        return partial(decorator(template), pipeline_class=LinkedCompiler, no_cfunc_wrapper=True)

    Flags.__eq__, Flags.__hash__ = equals, lambda _: hashed
    Overload._get_jit_decorator = linked
