"""Make the documents that are made from the program itself, or check that they are current.

    python tools/update_documents.py            write docs/rules.md, docs/needs.md, docs/domlint.1, docs/terminal.svg,
                                                the tables of docs/profiles.md, docs/fixes.md and docs/configuration.md,
                                                the outputs in README.md and other documents, and
                                                schemas/domlint.schema.json
    python tools/update_documents.py --check    change nothing; exit with 1 where one is not current

Needs domlint installed, and is run from anywhere.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from man_page import man_page
from walk_through import walked

from domlint.configuration.keys import KEYS
from domlint.configuration.schema import schema_text
from domlint.explain import rule_reference
from domlint.hosts.profiles import distribution_names, distributions, find_profile, release_names
from domlint.reports.requirements import reference
from domlint.rules import catalogue

ROOT = Path(__file__).resolve().parent.parent

PICTURED = "domlint examples/web1.xml --caps examples/caps/debian-12-x86_64.xml --network examples/networks"

_RUN = re.compile(r"(<!-- run: (\d) -->\n```console\n\$ )(.*)\n((?:.*\n)*?)(```\n)")

_PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {terminal_width} {terminal_height}" role="img">
<title>{title}</title>
<style>{styles}
text {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
</style>
<rect width="{width}" height="{height}" rx="8" fill="#1b1e23"/>
<g transform="translate(14, 14)">
{backgrounds}
<g class="{unique_id}-matrix" xml:space="preserve">{matrix}</g>
</g>
</svg>
"""


def run(command: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a documented command from the project's root, with this interpreter's domlint."""
    words = shlex.split(command)
    assert words[0] == "domlint"
    if "--fix" in words:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(ROOT / "examples", Path(folder) / "examples")
            return _run(words, options, Path(folder))
    return _run(words, options, ROOT)


def _run(words: Sequence[str], options: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    given = None
    if words[-2:-1] == ["<"]:
        *words, _sign, path = words
        given = (folder / path).read_text()
    environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    return subprocess.run(
        [sys.executable, "-m", "domlint", *words[1:], *options],
        cwd=folder,
        env=environment,
        text=True,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


def with_outputs(document: str) -> str:
    """The document with the output of each documented command as it is now. Raises ValueError for another status."""

    def output(match: re.Match[str]) -> str:
        opening, status, command, _old, closing = match.groups()
        ran = run(command)
        if ran.returncode != int(status):
            raise ValueError(f"{command} exits with {ran.returncode}, not {status}:\n{ran.stdout}")
        return f"{opening}{command}\n{ran.stdout.rstrip()}\n{closing}"

    return _RUN.sub(output, document)


def with_files(document: str) -> str:
    """The document with the files that it shows as they are now."""

    def shown(match: re.Match[str]) -> str:
        opening, path, fence, _old = match.groups()
        return f"{opening}{fence}{(ROOT / path).read_text()}```\n"

    return re.sub(r"(<!-- file: (.*) -->\n)(```\w*\n)((?:.*\n)*?)```\n", shown, document)


def picture() -> str:
    """The terminal as a picture, with the hash of the output it shows."""
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    output = run(PICTURED, "--color", "always").stdout
    console = Console(record=True, width=104, file=StringIO(), force_terminal=True)
    console.print(Text.from_markup(f"[bold green]$[/] {PICTURED}"), soft_wrap=False)
    console.print(Text.from_ansi(output))
    svg = console.export_svg(title="domlint", code_format=_with_size(output), unique_id="terminal")
    return f"{svg.rstrip()}\n{_fingerprint(output)}\n"


def _with_size(output: str) -> str:
    lines = output.count("\n") + 3
    width, height = 104 * 12.2 + 28, lines * 24.4 + 28
    return (
        _PICTURE.replace("{terminal_width}", f"{width:.0f}")
        .replace("{terminal_height}", f"{height:.0f}")
        .replace("{width}", f"{width:.0f}")
        .replace("{height}", f"{height:.0f}")
        .replace("{title}", "domlint in a terminal")
    )


def _fingerprint(output: str) -> str:
    return f"<!-- of {hashlib.sha256(f'{PICTURED}{output}'.encode()).hexdigest()} -->"


def with_profiles(text: str) -> str:
    """The text with the tables of bundled profiles as they are now."""
    for name, lines in {"releases": _releases(), "distributions": _distributions()}.items():
        text = with_table(text, name, lines)
    return text


def with_table(text: str, name: str, lines: Iterable[str]) -> str:
    """The text with these lines as the table of that name."""
    table = "".join(f"{line}\n" for line in lines)
    pattern = rf"(<!-- {name} -->\n)(?:.*\n)*?(<!-- end -->\n)"
    return re.sub(pattern, lambda match: f"{match[1]}\n{table}\n{match[2]}", text)


def _keys() -> Iterator[str]:
    yield "| key | what it says | default | example |"
    yield "|---|---|---|---|"
    for key in KEYS:
        cells = (f"`{key.name}`", key.words, f"`{key.default}`" if key.default else "none", f"`{key.example}`")
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _fixable() -> Iterator[str]:
    yield "| rule | | fix |"
    yield "|---|---|---|"
    for rule in catalogue():
        if rule.fixable is not None:
            yield f"| [{rule.code}](rules.md#{rule.code.lower()}) | {rule.name} | {rule.fixable.value} |"


def _releases() -> Iterator[str]:
    by_release: dict[str, list[str]] = {}
    for name in release_names():
        release, arch = name.removeprefix("qemu-").split("-")
        host = find_profile(name)
        by_release.setdefault(release, []).append(f"{arch}{'' if host.lists_machines else ' (from a snapshot)'}")
    yield "| QEMU | profiles `qemu-VERSION-ARCHITECTURE` for |"
    yield "|---|---|"
    for release, architectures in by_release.items():
        yield f"| {release} | {', '.join(architectures)} |"


def _distributions() -> Iterator[str]:
    yield "| distribution | names | QEMU | libvirt | source |"
    yield "|---|---|---|---|---|"
    for found in distributions():
        names = ", ".join(f"`{name}`" for name in distribution_names(found))
        yield f"| {found.title} | {names} | {found.qemu} | {found.libvirt or 'not known'} | {found.source} |"


def documents() -> Iterator[tuple[Path, str]]:
    """Each made document with its text as it should be."""
    yield ROOT / "docs" / "rules.md", rule_reference(catalogue())
    yield ROOT / "docs" / "needs.md", reference()
    yield ROOT / "docs" / "domlint.1", man_page()
    readme = ROOT / "README.md"
    yield readme, walked(with_outputs(readme.read_text()))
    for name in ("docs/hosts.md", "docs/requires.md", "docs/formats.md"):
        yield ROOT / name, with_outputs((ROOT / name).read_text())
    fixes = ROOT / "docs" / "fixes.md"
    yield fixes, with_outputs(with_table(fixes.read_text(), "fixable", _fixable()))
    configuration = ROOT / "docs" / "configuration.md"
    yield configuration, with_outputs(with_files(with_table(configuration.read_text(), "keys", _keys())))
    for name in ("baseline", "editors"):
        document = ROOT / "docs" / f"{name}.md"
        yield document, with_outputs(document.read_text())
    suppressions = ROOT / "docs" / "suppressions.md"
    yield suppressions, with_outputs(with_files(suppressions.read_text()))
    recipes = ROOT / "docs" / "ci.md"
    yield recipes, with_files(recipes.read_text())
    yield ROOT / "schemas" / "domlint.schema.json", schema_text()
    profiles = ROOT / "docs" / "profiles.md"
    yield profiles, with_profiles(profiles.read_text())
    path = ROOT / "docs" / "terminal.svg"
    old = path.read_text() if path.exists() else ""
    # Another version of rich draws another picture of the same output; only the output makes it outdated.
    is_current = _fingerprint(run(PICTURED, "--color", "always").stdout) in old
    yield path, old if is_current else picture()


def main() -> int:
    """Write or check. Returns the exit status."""
    check = "--check" in sys.argv[1:]
    outdated = 0
    for path, text in documents():
        if not path.exists() or path.read_text() != text:
            outdated += 1
            print(f"{path.relative_to(ROOT)}: {'not current: run tools/update_documents.py' if check else 'written'}")
            if not check:
                path.write_text(text)
    return 1 if check and outdated else 0


if __name__ == "__main__":
    sys.exit(main())
