"""A small expression language over the fields of a connection, for ``--where`` and ``--fail-on``.

``verdict == 'failed' and tls.version < 'TLSv1.2' and not within(client_ip, '10.0.0.0/8')``

The grammar is Python's, read by ``ast`` and then walked by hand: what is not named here does not exist, nothing is
ever evaluated by Python itself. Comparisons (also chained), ``in``, ``and``, ``or``, ``not``, texts, numbers, lists,
``true``, ``false``, ``null``, fields by their path, and the functions of ``FUNCTIONS``. An absent fact is ``null``:
equal to nothing but ``null``, and neither smaller nor greater than anything. A backslash in a text is a backslash.
"""

import ast
import ipaddress
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from zertap.errors import Usage
from zertap.protection import VERDICTS
from zertap.schema import BY_PATH, EVERY_FIELD, FIELDS, GROUPS, Field

Row = Mapping[str, Any]
"""One connection, shaped like its JSON object."""

_Value = Callable[[Row], Any]


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression: a test of one connection."""

    text: str
    fields: tuple[Field, ...]
    """The fields it looks at, in schema order."""
    test: _Value

    def __call__(self, row: Row) -> bool:
        """Whether *row* passes."""
        return bool(self.test(row))


def compile_expression(text: str) -> Expression:
    """The expression in *text*. Raises ``Usage``, which names the column of what is wrong."""
    compiler = _Compiler(text)
    test = compiler.compile()
    return Expression(text, tuple(each for each in EVERY_FIELD if each.path in compiler.used), test)


def select_fields(names: Sequence[str]) -> tuple[Field, ...]:
    """The fields called *names*, in that order; ``tls`` and ``ssh`` stand for all of theirs that are in every output.

    Fields of one group come together where the first of them was named, since they form one object.
    Raises ``Usage`` for an unknown name.
    """
    chosen: dict[str, list[Field]] = {}
    for name in names:
        fields = [each for each in FIELDS if name in GROUPS and each.path.startswith(f"{name}.")]
        if name in BY_PATH:
            fields = [BY_PATH[name]]
        if not fields:
            raise Usage(f"unknown field `{name}`{_guess(name)}")
        group = chosen.setdefault(fields[0].path.split(".")[0], [])
        group.extend(each for each in fields if each not in group)
    if not chosen:
        raise Usage("no field was named")
    return tuple(each for group in chosen.values() for each in group)


def _guess(name: str) -> str:
    close = get_close_matches(name, BY_PATH, n=1) or [path for path in BY_PATH if path.endswith(f".{name}")]
    return f": did you mean `{close[0]}`?" if close else ""


class _Compiler:
    """Walks one expression; each method answers for one kind of node."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.source = self.text.replace("\\", "\\\\")
        """The text for Python's parser: a backslash is only a backslash, as patterns want it."""
        self.used: set[str] = set()

    def compile(self) -> _Value:
        try:
            tree = ast.parse(self.source, mode="eval")
            return self.value(tree.body)
        except SyntaxError as error:
            raise self.refusal((error.offset or 1) - 1, error.msg) from None
        except (RecursionError, MemoryError, ValueError):
            raise Usage("the expression is too deep, or holds a character that no expression has") from None

    def value(self, node: ast.expr) -> _Value:  # noqa: PLR0911  one return for each kind of node
        match node:
            case ast.BoolOp(op=joint, values=parts):
                tests = [self.value(part) for part in parts]
                combine = all if isinstance(joint, ast.And) else any
                return lambda row: combine(test(row) for test in tests)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.value(operand)
                return lambda row: not inner(row)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return lambda _: -number
            case ast.Compare():
                return self.comparison(node)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(node, name, arguments)
            case ast.Constant(value=None | str() | int() | float() as constant):
                return lambda _: constant
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                values = [self.value(item) for item in items]
                return lambda row: [value(row) for value in values]
            case ast.Name() | ast.Attribute():
                return self.field(node)
        raise self.wrong(node, f"`{ast.unparse(node)}` is not part of this language")

    def comparison(self, node: ast.Compare) -> _Value:
        steps = []
        for op, left, right in zip(node.ops, [node.left, *node.comparators], node.comparators, strict=False):
            compare = _COMPARISONS.get(type(op))
            if compare is None:
                raise self.wrong(right, "compare with ==, !=, <, <=, >, >=, in or not in")
            self.check_types(left, op, right)
            steps.append((self.value(left), compare, self.value(right)))
        return lambda row: all(compare(left(row), right(row)) for left, compare, right in steps)

    def check_types(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> None:
        """Refuses a comparison that could never hold, such as a number with a text."""
        for one, other in ((left, right), (right, left)):
            if _path(one) in GROUPS and not _is_null(other):
                raise self.wrong(one, f"`{_path(one)}` is a group of fields: a text needs quotes")
        kinds = {self.kind(left), self.kind(right)} - {None}
        if isinstance(op, ast.In | ast.NotIn):
            if self.kind(right) == "number":
                raise self.wrong(right, f"nothing is `in` `{ast.unparse(right)}`: it is a number")
        elif len(kinds) > 1:
            raise self.wrong(left, f"`{ast.unparse(left)}` and `{ast.unparse(right)}` are of different types")

    def kind(self, node: ast.expr) -> str | None:
        match node:
            case ast.Constant(value=str()):
                return "text"
            case ast.Constant(value=bool()):
                return "bool"
            case ast.Constant(value=int() | float()):
                return "number"
            case ast.Name() | ast.Attribute():
                field = BY_PATH.get(_path(node) or "")
                return _KINDS.get(field.type) if field else None
        return None

    def call(self, node: ast.expr, name: str, arguments: list[ast.expr]) -> _Value:
        make = FUNCTIONS.get(name)
        if make is None:
            raise self.wrong(node, f"unknown function `{name}`: there are {', '.join(FUNCTIONS)}")
        match arguments:
            case [subject, ast.Constant(value=str() as text)]:
                try:
                    test = make(text)
                except (ValueError, re.error) as error:
                    raise self.wrong(arguments[1], f"`{text}`: {error}") from None
                value = self.value(subject)
                return lambda row: test(value(row))
        raise self.wrong(node, f"`{name}` takes a field and a text")

    def field(self, node: ast.expr) -> _Value:
        path = _path(node)
        if path in _WORDS:
            word = _WORDS[path]
            return lambda _: word
        keys = path.split(".") if path else []
        for length in range(len(keys), 0, -1):
            known = BY_PATH.get(".".join(keys[:length]))
            if known and (length == len(keys) or self.has_part(known, keys[length:])):
                self.used.add(known.path)
                return lambda row: _follow(row, keys)
        if path in GROUPS:
            self.used.update(each.path for each in FIELDS if each.path.startswith(f"{path}."))
            return lambda row: row.get(path)
        hint = ": a text needs quotes" if path in VERDICTS else _guess(path or "") or ": a text needs quotes"
        raise self.wrong(node, f"unknown field `{path or ast.unparse(node)}`{hint}")

    def has_part(self, field: Field, rest: list[str]) -> bool:
        named = [part.name for part in field.parts]
        return field.type == "object" and len(rest) == 1 and (not named or rest[0] in named)

    def wrong(self, node: ast.expr, reason: str) -> Usage:
        return self.refusal(node.col_offset, reason)

    def refusal(self, offset: int, reason: str) -> Usage:
        """*offset* counts in ``source``."""
        column = len(self.source[:offset].replace("\\\\", "\\")) + 1
        return Usage(f"`{self.text}`: column {column}: {reason}")


def _path(node: ast.expr) -> str | None:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=inner, attr=name):
            start = _path(inner)
            return start and f"{start}.{name}"
    return None


def _is_null(node: ast.expr) -> bool:
    return _path(node) == "null" or (isinstance(node, ast.Constant) and node.value is None)


def _follow(row: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        if row is None:
            return None
        row = row.get(key)
    return row


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def test(left: Any, right: Any) -> bool:
        try:
            return left is not None and right is not None and compare(left, right)
        except TypeError:
            return False

    return test


def _is_in(item: Any, container: Any) -> bool:
    if isinstance(container, str):
        return isinstance(item, str) and item in container
    return container is not None and item in container


def _contains(text: str) -> Callable[[Any], bool]:
    return lambda value: _is_in(text, value)


def _matches(text: str) -> Callable[[Any], bool]:
    pattern = re.compile(text)
    return lambda value: isinstance(value, str) and pattern.search(value) is not None


def _within(text: str) -> Callable[[Any], bool]:
    network = ipaddress.ip_network(text, strict=False)
    return lambda value: isinstance(value, str) and ipaddress.ip_address(value) in network


FUNCTIONS: Final[dict[str, Callable[[str], Callable[[Any], bool]]]] = {
    "contains": _contains,
    "matches": _matches,
    "within": _within,
}
"""``contains(field, 'part')``, ``matches(field, 'regular expression')``, ``within(address, 'network')``."""

_COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: _ordered(operator.lt),
    ast.LtE: _ordered(operator.le),
    ast.Gt: _ordered(operator.gt),
    ast.GtE: _ordered(operator.ge),
    ast.In: _is_in,
    ast.NotIn: lambda item, container: not _is_in(item, container),
    ast.Is: operator.eq,
    ast.IsNot: operator.ne,
}
_KINDS: Final = {"u64": "number", "f64": "number", "bool": "bool", "text": "text", "time": "text"}
_WORDS: Final[dict[str | None, bool | None]] = {"true": True, "false": False, "null": None}
