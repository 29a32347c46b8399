"""Dependencies of the routes: a token of the right scope, no unknown parameter, and a service that is ready."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from dedup.service.problems import Fault, Problem, problem
from dedup.service.state import CURSOR, State
from dedup.service.tokens import Scope

_REALM = 'Bearer realm="dedup"'


def requirements(state: State, scope: Scope, *, ready: bool = True) -> list[Any]:
    """Return the dependencies of a route, in order."""
    found: list[Any] = []
    if not state.authenticator.open:
        found.append(Security(_token(state, scope)))
    found.append(Depends(known_parameters))
    if ready:
        found.append(Depends(_ready(state)))
        if scope == "read":
            found.append(Depends(_recent(state)))
    return found


def _token(state: State, scope: Scope) -> Callable[..., Coroutine[Any, Any, None]]:
    bearer = HTTPBearer(auto_error=False, description="A token of 'dedup serve token', as 'Authorization: Bearer …'.")

    refusals = state.refusals

    async def check(request: Request, given: HTTPAuthorizationCredentials | None = Security(bearer)) -> None:  # noqa: B008 - FastAPI's way
        client = request.client.host if request.client else ""
        if given is None or not given.credentials:
            await refusals.slow_down(client)
            remedy = "send 'Authorization: Bearer TOKEN'"
            headers = {"WWW-Authenticate": _REALM}
            raise problem("token-missing", "Authorization", "there is no token", remedy, headers=headers)
        token = state.authenticator.token(given.credentials)
        if token is None:
            await refusals.slow_down(client)
            headers = {"WWW-Authenticate": f'{_REALM}, error="invalid_token"'}
            remedy = "ask who runs the service for one"
            raise problem("token-wrong", "Authorization", "the token is not known", remedy, headers=headers)
        request.state.token = token.name
        if not token.allows(scope):
            headers = {"WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="{scope}"'}
            remedy = f"use a token whose scope is {scope}"
            raise problem("token-weak", "Authorization", "the token may only read", remedy, headers=headers)

    return check


def is_still_allowed(state: State, request: Request) -> bool:
    """Return whether the token of a request is still known."""
    _, _, secret = request.headers.get("authorization", "").partition(" ")
    return state.authenticator.open or state.authenticator.token(secret.strip()) is not None


def _ready(state: State) -> Callable[[], Coroutine[Any, Any, None]]:
    async def check() -> None:
        state.require_ready()

    return check


def _recent(state: State) -> Callable[..., Coroutine[Any, Any, None]]:
    text = "The answer includes this change, and so the write that was answered with it."

    async def check(cursor: int | None = Header(None, alias=CURSOR, ge=0, le=2**63 - 1, description=text)) -> None:
        if cursor is not None:
            await state.wait_for_cursor(cursor)

    return check


def _parameters(dependant: Any) -> Iterator[str]:
    """Yield the names of the query parameters of a route, those of what it depends on included."""
    yield from (parameter.alias for parameter in dependant.query_params)
    for one in dependant.dependencies:
        yield from _parameters(one)


async def known_parameters(request: Request) -> None:
    """Refuse query parameters that the route does not have or that are given twice."""
    given = request.query_params.multi_items()
    if not given:
        return
    dependant = getattr(request.scope.get("route"), "dependant", None)
    known = {*_parameters(dependant)} if dependant else set()
    faults, seen = [], set()
    for name, _ in given:
        if name not in known:
            has = f"it has: {', '.join(sorted(known))}" if known else "it has none"
            faults.append(Fault(name[:100], "there is no such parameter here", f"leave it out; {has}"))
        elif name in seen:
            faults.append(Fault(name[:100], "the parameter stands there twice", "give it once"))
        seen.add(name)
    if faults:
        raise Problem("invalid", *faults[:20])
