"""README, docs and config.ini are true: what they show is tried here."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

import driver
from driver.__main__ import parser
from driver.commands.config import document
from driver.config import parse

ROOT = Path(driver.__file__).parent.parent
README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = "\n".join(path.read_text() for path in DOCUMENTS)


def blocks(kind: str, text: str = TEXT) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("line", sorted(set(re.findall(r"python3 -m driver ([^`|>\n]+)", TEXT))))
def test_commands_of_the_documents_parse(line: str) -> None:
    arguments = shlex.split(line)
    assert parser(arguments).parse_args(arguments).command == arguments[0]


@pytest.mark.parametrize("example", blocks("ini"))
def test_configurations_of_the_documents_are_right(example: str) -> None:
    config = parse("document", example.encode())
    assert config.problems == ()
    assert config.batteries


def test_a_newcomer_needs_two_commands() -> None:
    first = blocks("sh", README)[0].splitlines()
    assert first == ["./dev demo", "./dev test"]
    usage = (ROOT / "dev").read_text()
    assert all(line.split()[1] + ")" in usage for line in first)


def test_words_of_install_sh_in_the_documents_exist() -> None:
    known = re.search(r"COMMAND\n\n(.*?)\n  --root", (ROOT / "install.sh").read_text(), re.DOTALL)
    assert known is not None
    for word in re.findall(r"sh install\.sh (\w+)", TEXT):
        assert re.search(rf"^  {word} ", known[1], re.MULTILINE), word


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("said", ["nothing comes", "only our own requests come back", "only damaged frames"])
def test_what_the_documents_explain_is_what_the_log_says(said: str) -> None:
    code = "".join(path.read_text() for path in (ROOT / "driver").rglob("*.py"))
    assert said in code
    assert f'"{said}"' in TEXT


def test_the_settings_are_documented_as_they_are() -> None:
    assert (ROOT / "docs/settings.md").read_text() == "\n".join(document()) + "\n", "python -m driver config --document"


def test_the_readme_leads_to_every_document_for_owners() -> None:
    owners = ("bluetooth", "gx", "install", "loss-of-bms", "migration", "settings", "trouble", "wiring", "devices")
    assert [name for name in owners if f"(docs/{name}.md)" not in README] == []


def test_the_version_is_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == driver.__version__
    assert f"## {driver.__version__}" in (ROOT / "CHANGELOG.md").read_text()
