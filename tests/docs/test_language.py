"""Messages are plain English: none of the words that our readers stumbled over."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
PACKAGE = HOME / "heyx_bulk"
PAGES = [
    *(HOME / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/README.md")),
    *sorted((HOME / "docs" / "guide").glob("*.md")),
    *sorted((HOME / "docs" / "reference").glob("*.md")),
]

REFUSED = (
    *(
        "told",
        "said",
        "so many",
        "as wanted",
        "is (?-i:none)",
        "somebody",
        "nobody",
        "of its own",
        "mend",
        "amiss",
    ),
    *("in earnest", "at once", "parted", "see to", "carry on", "carries on", "carrying on", "a person", "anew"),
    *("give the command", "give the same command", "once more", "make room", "lies in", "lie in", "so-manieth"),
)
_WORDS = re.compile(rf"\b({'|'.join(REFUSED)})\b", re.IGNORECASE)
_SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE TABLE)\b")


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def messages(path: Path) -> Iterator[tuple[int, str]]:
    """The texts of a module that may be shown, with their lines: literals with a space, the help of commands."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)} - set(_helps(path, tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            text = " ".join(node.value.split())
            if " " in text and not _SQL.search(text):
                yield node.lineno, text


def _helps(path: Path, tree: ast.Module) -> Iterator[int]:
    """The docstrings that the program shows: those of the functions that are commands."""
    for node in tree.body:
        is_command = (
            isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and path.parent.name == "cli"
        )
        if is_command and isinstance(node, ast.FunctionDef) and isinstance(node.body[0], ast.Expr):
            yield id(node.body[0].value)


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_messages_do_without_unusual_words(path: Path) -> None:
    found = [(line, word[0], text) for line, text in messages(path) if (word := _WORDS.search(text))]
    assert found == []


def test_a_message_with_such_a_word_would_be_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        '"""Nobody reads this."""\nwhat = f"{1} rows: as wanted."\nsaid = "said"\n', encoding="utf-8"
    )
    assert list(messages(module)) == [(2, "rows: as wanted.")]
    assert _WORDS.search("as wanted") is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(HOME).as_posix())
def test_pages_do_without_unusual_words(page: Path) -> None:
    lines = enumerate(page.read_text(encoding="utf-8").splitlines(), start=1)
    assert [(number, word[0], line) for number, line in lines if (word := _WORDS.search(line))] == []
