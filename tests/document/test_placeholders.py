"""What counts as a template's placeholder in a value, and what does not."""

from __future__ import annotations

import pytest

from domlint.domain.values import UNKNOWN, attribute
from domlint.engine import Plan, Source
from domlint.placeholders import is_placeholder
from domlint.rules import catalogue


@pytest.mark.parametrize(
    "value",
    [
        "{{ name }}",
        "{{name}}",
        "{{}}",
        "{{ {'a': 1}['a'] }}",
        "{{{ raw }}}",
        "{{ a\nb }}",
        "web-{{ index }}",
        "52:54:00:00:00:{{ '%02x' % number }}",
        "{{- name -}}",
        "{{ .Values.name }}",
        "{% if a %}x{% endif %}",
        "${x}",
        "${x:-default}",
        "${var.name}",
        "${}",
        "a${x}b",
        "$(hostname)",
        "$NAME",
        "$name-1",
        "%s",
        "%d",
        "vm-%d",
        "%s-%s",
        "/var/%s.img",
        "%(name)s",
        "%(index)d",
        "@NAME@",
        "@name_1@",
        "x@A@y",
    ],
)
def test_placeholders(value: str) -> None:
    assert is_placeholder(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "web1",
        "{}",
        "{name}",
        "{12345678-1234-1234-1234-123456789abc}",
        "{ {x} }",
        "{{ open",
        "close }}",
        "}} {{",
        "{% open",
        "$",
        "$5",
        "US$ 5",
        "a$",
        "$$",
        "${open",
        "$(open",
        "100%",
        "50% off",
        "%",
        "%20",
        "%sda",
        "%dd",
        "%d1",
        "/dev/%2fdisk",
        "%(name)",
        "%x",
        "a@b",
        "user@host",
        "user@example.org, b@c",
        "@",
        "@@",
        "@1@",
        "fe80::1%eth0",
        "#name#",
        "<name>",
        "[name]",
    ],
)
def test_no_placeholders(value: str) -> None:
    assert not is_placeholder(value)


def test_a_value_with_a_placeholder_is_unknown_and_has_no_finding() -> None:
    text = """\
<domain type='kvm'>
  <devices>
    <interface type='hostdev' managed='yes'>
      <teaming type='{}' persistent='{}'/>
    </interface>
  </devices>
</domain>
"""
    plan = Plan(catalogue().select(["TEAM010", "TEAM011", "TEAM012", "TEAM033"]))

    def codes(role: str, partner: str) -> list[str]:
        report = plan.check(Source("vm.xml", text.format(role, partner).encode()))
        assert report.crashes == ()
        return [finding.code for finding in report.findings]

    assert codes("transient", "ua-none") == ["TEAM033"]
    assert codes("transient", "{{ standby }}") == []
    assert codes("{{ role }}", "ua-none") == []


def test_unknown_is_told_from_missing() -> None:
    from domlint.document import parse

    root = parse("vm.xml", b"<domain a='${x}' b='x' c=''/>").root
    assert [attribute(root, name) for name in "abcd"] == [UNKNOWN, "x", "", None]
    assert attribute(None, "a") is None
