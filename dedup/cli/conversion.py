"""Commands that load typer's converter of values only for a value to convert.

It takes a tenth of the time of a small run to load. A text needs none, and neither does an option that was not given.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from collections.abc import Callable


class Command(TyperCommand):
    """A command of typer, see above."""

    def get_params(self, ctx: Any) -> list[Any]:  # typer's own copies of the types of click are private
        """Return the parameters, which convert what needs it."""
        return [_sparing(parameter) for parameter in super().get_params(ctx)]


class Group(TyperGroup):
    """A group of commands of typer, see above."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, which convert what needs it."""
        return [_sparing(parameter) for parameter in super().get_params(ctx)]


def _sparing(parameter: Any) -> Any:
    if not isinstance(parameter.process_value, partial):
        parameter.process_value = partial(_process, parameter, parameter.process_value)
    return parameter


def _process(parameter: Any, convert: Callable[[Any, Any], Any], context: Any, value: Any) -> Any:
    """Do what `Parameter.process_value` does, without the converter if the value is what it would return."""
    several = parameter.multiple or parameter.nargs == -1
    if parameter.required:
        return convert(context, value)
    if value is None:
        value = () if several else None
    elif several and getattr(getattr(parameter, "type_descriptor", None), "annotation", None) == list[str]:
        value = list(value)
    elif several or type(value) not in (str, int) or value != parameter.default:
        return convert(context, value)
    return parameter.callback(context, parameter, value) if parameter.callback else value
