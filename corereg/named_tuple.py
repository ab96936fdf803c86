"""NamedTuple: that of `typing` for what every program imports, for Python's own generates code for
each class and takes as long as to import a module. Type checkers see Python's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    from _collections import _tuplegetter

    class _Fields(type):
        """Turns what a class annotates into its fields, and their values into defaults."""

        def __new__(cls, name, bases, space):
            fields = tuple(space.get("__annotations__", ()))
            defaults = {field: space[field] for field in fields if field in space}
            getters = {field: _tuplegetter(i, None) for i, field in enumerate(fields)}
            own = {"_fields": fields, "_field_defaults": defaults, "__match_args__": fields}
            own["_length"] = len(fields)  # which each new tuple asks for
            return super().__new__(cls, name, bases, {**space, **getters, **own, "__slots__": ()})

        @property
        def __signature__(cls) -> Any:
            from inspect import Parameter, Signature

            kind, empty = Parameter.POSITIONAL_OR_KEYWORD, Parameter.empty
            return Signature(
                Parameter(
                    *(name, kind),
                    default=cls._field_defaults.get(name, empty),
                    annotation=cls.__annotations__[name],
                )
                for name in cls._fields
            )

    class NamedTuple(tuple, metaclass=_Fields):
        """Base of tuples whose fields have names: what a subclass annotates."""

        def __new__(cls, *values: Any, **named: Any) -> Any:
            if named or len(values) != cls._length:
                values = *values, *cls._rest(len(values), named)
            return tuple.__new__(cls, values)

        @classmethod
        def _rest(cls, count: int, named: dict[str, Any]) -> list[Any]:
            """The fields behind the first ones: what is named, or the defaults."""
            known = {**cls._field_defaults, **named}
            rest = cls._fields[count:]
            lacking = [field for field in rest if field not in known]
            if lacking or count > len(cls._fields) or not named.keys() <= set(rest):
                raise TypeError(
                    f"{cls.__name__}: expected {', '.join(cls._fields)}, received {count} values "
                    f"and {list(named)}"
                )
            return [known[field] for field in rest]

        def _replace(self, **named: Any) -> Any:
            return type(self)(**{**self._asdict(), **named})

        def _asdict(self) -> dict[str, Any]:
            return dict(zip(self._fields, self, strict=True))

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)

        def __repr__(self) -> str:
            shown = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
            return f"{type(self).__name__}({shown})"
