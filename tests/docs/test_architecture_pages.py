"""What the pages name is there: links and headings on all, paths and modules on those of docs/architecture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
PACKAGE = HOME / "heyx_bulk"
PAGES = sorted((HOME / "docs" / "architecture").glob("*.md"))
LINKED = sorted([*HOME.glob("*.md"), *(HOME / "docs").rglob("*.md")])

LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(#[^)\s]*)?\)")
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
IN_THE_HOME = re.compile(r"(?<![\w./-])(?:heyx_bulk|tests|bench|docs|samples)/[\w./-]*\w/?")
IN_THE_PACKAGE = re.compile(
    r"(?<![\w./-])(?!(?:heyx_bulk|tests|bench|docs|samples)/)[\w-]+(?:/[\w-]+)*(?:/|\.(?:py|toml))(?![\w.-])"
)
MODULE = re.compile(r"(?<=-m )tests\.[\w.]+")


def name_of(path: Path) -> str:
    return path.stem


def anchors(page: Path) -> set[str]:
    """The names by which a page's headings are linked, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def paths(text: str) -> Iterator[Path]:
    """The files and folders that a page names in backticks or blocks of code."""
    for code in CODE.findall(text):
        yield from (HOME / found for found in IN_THE_HOME.findall(code))
        yield from (PACKAGE / found for found in IN_THE_PACKAGE.findall(code) if not is_a_sheet_s(found))
        yield from (HOME / (found.replace(".", "/") + ".py") for found in MODULE.findall(code))


def is_a_sheet_s(name: str) -> bool:
    """Whether a name is that of a mapping file beside a sheet."""
    return name.endswith(".toml") and "/" not in name


def test_the_pages_are_there() -> None:
    assert "README" in {page.stem for page in PAGES}


@pytest.mark.parametrize("page", LINKED, ids=lambda path: path.relative_to(HOME).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    missing = []
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        place = (page.parent / target).resolve() if target else page
        if not place.exists() or (anchor and anchor not in anchors(place)):
            missing.append(f"{target}{anchor}")
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    named = list(paths(page.read_text(encoding="utf-8")))
    assert [str(path.relative_to(HOME)) for path in named if not path.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_page_is_linked_from_the_overview(page: Path) -> None:
    overview = (page.parent / "README.md").read_text(encoding="utf-8")
    assert page.name == "README.md" or f"]({page.name})" in overview


def test_paths_are_found_in_backticks_and_blocks_alone() -> None:
    text = "see `upload/pipeline.py`, `heyx_bulk/errors.py`, `sheets/csv/`, `contacts.toml` and no/such.py\n"
    text += "```\nread  mapping/known_headers.toml\n```\n`python -m tests.e2e.test_fault_table` `Contact` `a/b`"
    assert {str(path.relative_to(HOME)) for path in paths(text)} == {
        "heyx_bulk/upload/pipeline.py",
        "heyx_bulk/errors.py",
        "heyx_bulk/sheets/csv",
        "heyx_bulk/mapping/known_headers.toml",
        "tests/e2e/test_fault_table.py",
    }
