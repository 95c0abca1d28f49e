"""How commands declare their options and arguments, without the parser that shows and checks them.

A declaration is what ``typer.Option`` and ``typer.Argument`` take, kept until somebody needs it: ``plain`` reads the
usual command line by it, ``program`` makes the whole program of it, for help, completion and every complaint. So a run
that is asked for in plain words loads no parser at all.
"""

from collections.abc import Callable, Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin


class Declared:
    """One option or argument: its names, and what else its parser is told."""

    __slots__ = ("facts", "is_option", "names")

    def __init__(self, *names: str, is_option: bool, facts: dict[str, Any]) -> None:
        self.names = names
        self.is_option = is_option
        self.facts = facts


def Option(*names: str, **facts: Any) -> Declared:  # noqa: N802  it stands where typer's stands
    """An option; without *names* it is called as its parameter."""
    return Declared(*names, is_option=True, facts=facts)


def Argument(**facts: Any) -> Declared:  # noqa: N802  the same
    """An argument."""
    return Declared(is_option=False, facts=facts)


class Parameter(NamedTuple):
    """One parameter of a command."""

    name: str
    declared: Declared
    kind: Any
    """What each of its values is: a type, or a ``Literal``."""
    is_list: bool
    is_needed: bool

    @property
    def spellings(self) -> Iterator[tuple[str, bool | None]]:
        """Every word that names it on a command line, and what that means where it is a switch."""
        plain = f"--{self.name.rstrip('_').replace('_', '-')}"
        if self.kind is not bool:
            yield from ((word, None) for word in self.declared.names or (plain,))
            return
        for each in self.declared.names or (f"{plain}/--no-{plain[2:]}",):
            on, _, off = each.partition("/")
            yield on, True
            if off:
                yield off, False


def parameters(command: Callable[..., Any]) -> Iterator[Parameter]:
    """Those of a command, in order."""
    code = command.__code__
    names = code.co_varnames[: code.co_argcount]
    needed = len(names) - len(command.__defaults__ or ())
    for place, name in enumerate(names):
        yield _parameter(name, command.__annotations__[name], is_needed=place < needed)


def _parameter(name: str, annotation: Any, *, is_needed: bool) -> Parameter:
    kind, declared = get_args(annotation)
    assert get_origin(annotation) is Annotated
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (each for each in get_args(kind) if each is not NoneType)
    is_list = get_origin(kind) is list
    return Parameter(name, declared, get_args(kind)[0] if is_list else kind, is_list, is_needed)
