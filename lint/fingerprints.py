"""What tells a finding from all others of its file, and stays the same while other things in the file change.

Line numbers move with every edit above, positions in an XPath with every device that is added, and versions in a
message with every upgrade of a host. What stays is the rule, the kind of element, the element's own text, and the names
that the message quotes. Findings that are alike in all of that are counted, in the order of the file.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256

from domlint.findings import Finding, Location

VERSION = "domlint/v1"
"""The name of this way to make fingerprints: another way gets another name, so that nobody compares the two."""

# The apostrophe of "the host's" is no quote.
_QUOTED = r"(?<!\w)'([^']*)'(?!\w)"
_POSITION = r"\[\d+\]"


def fingerprints(findings: Sequence[Finding], lines: Mapping[int, str]) -> list[str]:
    """The fingerprint of each finding of one file: ``DIGEST:NUMBER``, where alike findings differ in the number.

    ``lines`` has the text of the lines at which the findings begin. The name of the file is no part of it: a finding
    keeps its fingerprint when the file is moved.
    """
    count: dict[str, int] = {}
    made = []
    for finding in findings:
        digest = _digest(finding, lines.get(finding.location.line, ""))
        count[digest] = count.get(digest, 0) + 1
        made.append(f"{digest}:{count[digest]}")
    return made


def _digest(finding: Finding, line: str) -> str:
    names = (re.sub(r"\d+", "", name) for name in re.findall(_QUOTED, finding.message))
    kind_of_element = re.sub(_POSITION, "", finding.location.xpath)
    parts = (finding.code, kind_of_element, _normalised(_spanned(finding.location, line)), *names)
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _spanned(location: Location, line: str) -> str:
    end = location.end_column - 1 if location.end_line == location.line else len(line)
    return line[location.column - 1 : end]


def _normalised(text: str) -> str:
    """The text as it is after virsh has read and written it: with other quotes and spaces."""
    return " ".join(text.replace('"', "'").replace("/>", " />").split())
