"""Values: dataclasses whose methods are shared instead of compiled.

``dataclasses`` writes the source of up to eight methods for each class and compiles it: one to three milliseconds a
class, and ten for what it imports, which together was a third of the time in which a command starts. Here a class gets
closures. Whoever uses ``dataclasses.replace``, ``fields`` or ``asdict`` on such a value may: what they ask for is made
when they do.

A subclass that is a value too has the fields of its base first. No ``__post_init__``, no ``ClassVar``: nobody here
needs them.
"""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Final, TypeVar, dataclass_transform, overload

_T = TypeVar("_T")
_MISSING: Final = object()
_DEFAULTS: Final = "_field_defaults"


class _Default:
    """What a field is when nobody says."""

    __slots__ = ("compare", "default", "factory", "shown")

    def __init__(self, default: Any, factory: Callable[[], Any] | None, *, shown: bool, compare: bool) -> None:
        self.default, self.factory, self.shown, self.compare = default, factory, shown, compare

    @property
    def given(self) -> bool:
        """Whether there is a default at all."""
        return self.factory is not None or self.default is not _MISSING

    def made(self) -> Any:
        """The default."""
        return self.default if self.factory is None else self.factory()


def field(
    *,
    default: Any = _MISSING,
    default_factory: Callable[[], Any] | None = None,
    shown: bool = True,
    compare: bool = True,
) -> Any:
    """What is particular to a field, as by ``dataclasses.field``. ``shown``: in the representation."""
    return _Default(default, default_factory, shown=shown, compare=compare)


@overload
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[_T], /) -> type[_T]: ...
@overload
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(*, frozen: bool = True, slots: bool = True, eq: bool = True) -> Callable[[type[_T]], type[_T]]: ...
def value(cls: Any = None, /, *, frozen: bool = True, slots: bool = True, eq: bool = True) -> Any:
    """Makes a class of values: with ``__init__``, ``__repr__`` and comparison by its fields; frozen, in slots."""

    def of(plain: type) -> type:
        return _made(plain, frozen=frozen, slots=slots, eq=eq)

    return of if cls is None else of(cls)


def replace(each: _T, **changes: Any) -> _T:
    """The same value but for *changes*."""
    names: tuple[str, ...] = type(each).__match_args__  # type: ignore[attr-defined]
    return type(each)(**{name: getattr(each, name) for name in names} | changes)


def _made(plain: type, *, frozen: bool, slots: bool, eq: bool) -> type:
    own = tuple(_annotations(plain))
    defaults = {**getattr(plain, _DEFAULTS, {}), **{name: _default(vars(plain).get(name, _MISSING)) for name in own}}
    names = tuple(defaults)
    body = {name: each for name, each in vars(plain).items() if name not in {*own, "__dict__", "__weakref__"}}
    body |= {
        _DEFAULTS: defaults,
        "__match_args__": names,
        "__dataclass_fields__": _Fields(),
        "__init__": _init(defaults),
    }
    body |= {"__repr__": _repr(tuple(name for name in names if defaults[name].shown)), "__reduce__": _reduce}
    if eq:
        body |= _comparison(tuple(name for name in names if defaults[name].compare), frozen=frozen)
    if frozen:
        body |= {"__setattr__": _refuse, "__delattr__": _refuse}
    if slots:
        body["__slots__"] = own
    return type(plain)(plain.__name__, plain.__bases__, body)


def _default(given: Any) -> _Default:
    return given if isinstance(given, _Default) else _Default(given, None, shown=True, compare=True)


def _init(defaults: Mapping[str, _Default]) -> Callable[..., None]:
    names, put = tuple(defaults), object.__setattr__

    def __init__(self: Any, *given: Any, **named: Any) -> None:  # noqa: N807
        if len(given) > len(names):
            raise TypeError(f"{type(self).__name__} has {len(names)} fields, not {len(given)}")
        for name, each in zip(names, given, strict=False):
            put(self, name, each)
        for name in names[len(given) :]:
            if name in named:
                put(self, name, named.pop(name))
            elif defaults[name].given:
                put(self, name, defaults[name].made())
            else:
                raise TypeError(f"{type(self).__name__} needs `{name}`")
        if named:
            raise TypeError(f"{type(self).__name__} has no field left for `{next(iter(named))}`")

    return __init__


def _repr(names: tuple[str, ...]) -> Callable[[Any], str]:
    def __repr__(self: Any) -> str:  # noqa: N807
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({shown})"

    return __repr__


def _comparison(names: tuple[str, ...], *, frozen: bool) -> dict[str, Any]:
    """Equality of values of one class, and a hash where they cannot change."""
    key = attrgetter(*names)

    def __eq__(self: object, other: object) -> Any:  # noqa: N807
        return key(self) == key(other) if type(self) is type(other) else NotImplemented

    def __hash__(self: object) -> int:  # noqa: N807
        return hash(key(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if frozen else None}


def _refuse(self: object, name: str, _value: object = None) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"{type(self).__name__}.{name} cannot change")


def _reduce(self: Any) -> tuple[type, tuple[Any, ...]]:
    """For ``pickle`` and ``copy``."""
    return type(self), tuple(getattr(self, name) for name in self.__match_args__)


def _annotations(plain: type) -> Mapping[str, Any]:
    found: Mapping[str, Any] = vars(plain).get("__annotations__", {})
    return found


class _Fields:
    """The fields as ``dataclasses`` knows them, made when somebody asks."""

    def __get__(self, instance: object, owner: type) -> Any:
        import dataclasses

        def known(each: _Default) -> Any:
            default = dataclasses.MISSING if each.default is _MISSING else each.default
            factory = each.factory or dataclasses.MISSING
            told: dict[str, Any] = {
                "default": default,
                "default_factory": factory,
                "repr": each.shown,
                "compare": each.compare,
            }
            return dataclasses.field(**told)

        types = {name: each for base in reversed(owner.__mro__) for name, each in _annotations(base).items()}
        told = [(name, types[name], known(each)) for name, each in getattr(owner, _DEFAULTS).items()]
        fields = vars(dataclasses.make_dataclass(owner.__name__, told))["__dataclass_fields__"]
        type.__setattr__(owner, "__dataclass_fields__", fields)
        return fields
