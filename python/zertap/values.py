"""Values as ``dataclasses`` makes them, without its compiler: that takes longer than a small capture.

For whoever checks types, ``dataclass`` here is the standard library's. At run time the classes share methods that go by
the names of the fields, where the standard library compiles six for each class. What it knows of a class of its own
(``fields``, ``replace``, ``asdict``, the signature) it makes for these, too, when somebody asks. Not here, because
nobody needs it: ``__post_init__``, ordering, keyword-only fields, fields of base classes.
"""

from collections.abc import Iterable, KeysView
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:

    class _Field:
        """What is said of a field beside its type."""

        __slots__ = ("facts",)

        def __init__(self, facts: dict[str, Any]) -> None:
            self.facts = facts

    class _Made(NamedTuple):
        """What the methods of a class go by."""

        names: tuple[str, ...]
        every: KeysView[str]
        defaults: dict[str, Any]
        factories: dict[str, Any]
        shown: tuple[str, ...]
        """The fields that its text shows."""
        compared: attrgetter
        put: tuple[Any, ...]
        """What sets each field of an instance; nothing where fields stand in ``__dict__``."""
        declared: dict[str, Any]
        options: dict[str, bool]

    def field(**facts: Any) -> _Field:
        """See ``dataclasses.field``: ``default``, ``default_factory``, ``compare``, ``repr``."""
        return _Field(facts)

    def dataclass(*, frozen: bool = False, slots: bool = False, eq: bool = True) -> Any:
        """See ``dataclasses.dataclass``."""
        return lambda cls: _finished(cls, frozen=frozen, slots=slots, eq=eq)

    def replace(value: Any, /, **changes: Any) -> Any:
        """The value with some fields changed."""
        kept = {name: getattr(value, name) for name in value.__match_args__ if name not in changes}
        return type(value)(**kept, **changes)

    def _finished(cls: type, **options: bool) -> type:
        """The class with its methods."""
        said = {name: vars(cls).get(name, _MISSING) for name in vars(cls).get("__annotations__", ())}
        facts = {name: each.facts if isinstance(each, _Field) else {"default": each} for name, each in said.items()}
        facts = {name: {kind: each for kind, each in facts[name].items() if each is not _MISSING} for name in facts}
        added = {**_methods(**options), "__match_args__": tuple(facts)}
        added = {name: each for name, each in added.items() if name not in vars(cls)}
        made = _slotted(cls, added) if options["slots"] else cls
        for name, each in () if options["slots"] else added.items():
            setattr(made, name, each)
        made.__made__ = _Made(
            tuple(facts),
            facts.keys(),
            {name: each["default"] for name, each in facts.items() if "default" in each},
            {name: each["default_factory"] for name, each in facts.items() if "default_factory" in each},
            tuple(name for name, each in facts.items() if each.get("repr", True)),
            attrgetter(*(name for name, each in facts.items() if each.get("compare", True))),
            tuple(vars(made)[name].__set__ for name in facts) if options["slots"] else (),
            facts,
            options,
        )
        return made

    def _slotted(cls: type, added: dict[str, Any]) -> type:
        """The class once more: slots are made with it or never."""
        left_out = {"__dict__", "__weakref__", *added["__match_args__"]}
        space = {name: value for name, value in vars(cls).items() if name not in left_out}
        made = type(cls)(cls.__name__, cls.__bases__, {**space, **added, "__slots__": added["__match_args__"]})
        made.__qualname__ = cls.__qualname__
        return made

    def _methods(*, frozen: bool, slots: bool, eq: bool) -> dict[str, Any]:
        found = {"__init__": _init, "__repr__": _repr}
        found |= {name: _Known(name) for name in ("__dataclass_fields__", "__dataclass_params__", "__signature__")}
        if eq:
            found |= {"__eq__": _eq, "__hash__": _hash if frozen else None}
        if frozen:
            found |= {"__setattr__": _refuse, "__delattr__": _refuse}
        if frozen and slots:
            found |= {"__getstate__": _state, "__setstate__": _restore}
        return found

    def _init(self: Any, *values: Any, **named: Any) -> None:
        made = self.__made__
        if named or len(values) != len(made.names):
            values = _complete(self, values, named)
        if made.put:
            for put, value in zip(made.put, values, strict=True):
                put(self, value)
        else:
            vars(self).update(zip(made.names, values, strict=True))

    def _complete(self: Any, values: tuple[Any, ...], named: dict[str, Any]) -> Iterable[Any]:
        """A value for each field."""
        made, found = self.__made__, named
        if values:
            found = dict(zip(made.names, values, strict=False)) | named
        if len(found) < len(values) + len(named):
            raise _misfit(self, values, named)
        if len(found) < len(made.names):
            found = made.defaults | found
            for name, make in made.factories.items():
                if name not in found:
                    found[name] = make()
        if len(found) != len(made.names) or not found.keys() >= made.every:
            raise _misfit(self, values, named)
        return map(found.__getitem__, made.names)

    def _misfit(self: Any, values: tuple[Any, ...], named: dict[str, Any]) -> TypeError:
        """In the words of the signature."""
        try:
            type(self).__signature__.bind(*values, **named)
        except TypeError as error:
            return TypeError(f"{type(self).__qualname__}: {error}")
        raise AssertionError("the signature takes what the class does not")

    def _repr(self: Any) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__made__.shown)
        return f"{self.__class__.__qualname__}({shown})"

    def _eq(self: Any, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        compared = self.__made__.compared
        return compared(self) == compared(other)

    def _hash(self: Any) -> int:
        return hash(self.__made__.compared(self))

    def _refuse(self: Any, name: str, *_: object) -> None:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot change field {name!r} of {type(self).__qualname__}")

    def _state(self: Any) -> list[Any]:
        return [getattr(self, name) for name in self.__made__.names]

    def _restore(self: Any, state: list[Any]) -> None:
        for put, value in zip(self.__made__.put, state, strict=True):
            put(self, value)

    class _Known:
        """What the standard library wants to know of a class: made by itself, of a class with the same fields."""

        __slots__ = ("name",)

        def __init__(self, name: str) -> None:
            self.name = name

        def __get__(self, instance: object, owner: type) -> Any:
            import dataclasses
            import inspect

            made = owner.__made__
            types = owner.__annotations__
            lines = [(name, types[name], dataclasses.field(**facts)) for name, facts in made.declared.items()]
            options = {name: made.options[name] for name in ("frozen", "eq")}
            twin = dataclasses.make_dataclass(owner.__name__, lines, **options)
            owner.__signature__ = inspect.signature(twin)
            owner.__dataclass_fields__ = twin.__dataclass_fields__
            owner.__dataclass_params__ = twin.__dataclass_params__
            return getattr(owner, self.name)

    _MISSING = object()

__all__ = ["dataclass", "field", "replace"]
