"""The documents are held to the code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
READ = re.compile(r"""\benv\.(?:text|items|flag|port|seconds|speed|whole|url)\(\s*"([A-Z_]+)\"""")


def variables_read() -> set[str]:
    sources = [path.read_text() for path in (ROOT / "controlpanel").glob("*.py")]
    return {name for source in sources for name in READ.findall(source.replace("_env.", "env."))}


def variables_documented() -> set[str]:
    table = (ROOT / "docs/operations.md").read_text().split("## Variables")[1].split("\n\nFor the tests")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([A-Z_]+)`", cell)}


def test_every_variable_is_in_the_table_and_nothing_else() -> None:
    assert len(variables_read()) > 15
    assert variables_documented() == variables_read()


@pytest.mark.parametrize("path", sorted((ROOT / "docs").rglob("*.md")) + sorted(ROOT.glob("*.md")), ids=str)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for name in ("README.md", "CONTRIBUTING.md", "docs/operations.md"):
        for target in re.findall(r"`make ([a-z-]+)", (ROOT / name).read_text()):
            assert f"\n{target}:" in makefile, target


def test_architecture_names_tests_that_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "docs/architecture.md").read_text())
    assert named
    for path, function in named:
        assert (ROOT / path).exists(), path
        assert f"def {function or 'test_'}" in (ROOT / path).read_text(), function
