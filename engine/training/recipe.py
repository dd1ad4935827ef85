"""Recipes: every choice of a training run, read from TOML into frozen, validated sections.

An unknown section or entry, a wrong type or a contradiction is refused with the line it stands on. The sections are in
:mod:`engine.training.sections`, what their values must keep to in :mod:`engine.training.recipe_rules`.
"""

from __future__ import annotations

import inspect
import json
import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

from engine.errors import RecipeError, UnknownNameError
from engine.training.recipe_rules import rules
from engine.training.sections import SECTIONS, Recipe

__all__ = ["Recipe", "change", "load_recipe", "parse_recipe", "recipe_help", "recipe_names"]

RECIPES: Final[Path] = Path(__file__).parent / "recipes"


def recipe_names() -> tuple[str, ...]:
    """Return the names of the recipes that come with FERLens."""
    return tuple(sorted(path.stem for path in RECIPES.glob("*.toml")))


def load_recipe(name_or_path: str) -> Recipe:
    """Read a recipe by name (:func:`recipe_names`) or from a ``.toml`` file.

    Raises:
        UnknownNameError: neither a known name nor a file.
        RecipeError: the file has an unknown, wrong or contradictory entry.
    """
    path = Path(name_or_path) if name_or_path.endswith(".toml") else RECIPES / f"{name_or_path}.toml"
    if not path.is_file():
        raise UnknownNameError("recipe", name_or_path, recipe_names())
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RecipeError(f"Recipe '{path.name}' is not UTF-8 text; save it as such.") from error
    return parse_recipe(text, path.stem)


def parse_recipe(text: str, name: str) -> Recipe:
    """Parse TOML ``text``; ``name`` is used in messages and as the recipe's name. See :func:`load_recipe`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"Recipe '{name}' is not valid TOML: {error}.") from error
    sections: dict[str, Any] = {}
    for key, value in document.items():
        if key == "summary":
            sections["summary"] = str(value)
            continue
        if key not in SECTIONS or not isinstance(value, dict):
            valid = ", ".join(["summary", *(f"[{section}]" for section in SECTIONS)])
            raise RecipeError(f"Recipe '{name}', line {_line(text, None, key)}: unknown entry '{key}'; valid: {valid}.")
        sections[key] = _section(text, name, key, value)
    recipe = Recipe(name=name, **sections)
    _check(recipe, text)
    return recipe


def change(recipe: Recipe, section: str, **values: Any) -> Recipe:
    """Return ``recipe`` with entries of one section replaced (for command-line options), checked again."""
    changed = replace(recipe, **{section: replace(getattr(recipe, section), **values)})
    _check(changed, "")
    return changed


def _line(text: str, section: str | None, key: str) -> int:
    """Find the line (from 1) where ``key`` is set in ``section``, or where a section itself stands; 0 if nowhere."""
    current: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\s*([\w.-]+)\s*\]", line)
        if header:
            current = header.group(1)
            if section is None and current.split(".")[0] == key:
                return number
        elif current == section and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return 0


def _section(text: str, name: str, section: str, values: dict[str, Any]) -> Any:
    kind = SECTIONS[section]
    defaults = kind()
    known = {item.name for item in fields(kind)}
    clean: dict[str, Any] = {}
    for key, value in values.items():
        where = f"Recipe '{name}', line {_line(text, section, key)}"
        if key not in known:
            raise RecipeError(f"{where}: unknown entry '{key}' in [{section}]; valid: {', '.join(sorted(known))}.")
        default = getattr(defaults, key)
        clean[key] = _as_kind_of(default, value)
        if type(clean[key]) is not type(default):
            raise RecipeError(f"{where}: '{key}' must be {_kind_of(default)}, got {value!r}.")
    return kind(**clean)


def _as_kind_of(default: object, value: Any) -> Any:
    """Turn TOML's lists into tuples and whole numbers into floats where the default is one."""
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _kind_of(value: object) -> str:
    names = {
        float: "a number",
        int: "a whole number",
        bool: "true or false",
        str: "text",
        tuple: "a list",
        dict: "a table",
    }
    return names.get(type(value), type(value).__name__)


def _check(recipe: Recipe, text: str) -> None:
    """Refuse values that cannot be meant, naming the line where there is one."""
    for holds, section, key, expected in rules(recipe):
        if not holds:
            line = _line(text, section, key)
            where = f", line {line}" if line else ""
            came = getattr(getattr(recipe, section), key)
            raise RecipeError(f"Recipe '{recipe.name}'{where}: [{section}] {key} must be {expected}, got {came!r}.")


def recipe_help() -> str:
    """Return what each section is about, with its entries and their defaults, as lines of text."""
    lines = ["recipe entries (a .toml file; what is left out has the default shown):"]
    for section, kind in SECTIONS.items():
        defaults = kind()
        shown = (f"{item.name} = {_toml(getattr(defaults, item.name))}" for item in fields(kind))
        words = inspect.cleandoc(kind.__doc__ or "").replace("``", "").replace("Attributes:\n", "")
        words = re.sub(r":\w+:`([\w.]+)`", r"\1", words)  # a cross-reference says its name
        lines += ["", f"[{section}]  " + ", ".join(shown), *(f"    {line}".rstrip() for line in words.splitlines())]
    return "\n".join(lines)


def _toml(value: object) -> str:
    """Write a default as TOML would have it."""
    if isinstance(value, tuple):
        return str(list(value))
    return str(value).lower() if isinstance(value, bool) else "{}" if value == {} else json.dumps(value)
