"""TUNE07x: limits of block devices and of time on CPUs."""

from __future__ import annotations

from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.values import child
from domlint.findings import Outcome
from domlint.placeholders import is_placeholder
from domlint.rule import Example, Problem, Problems, Spot, rule


@rule(
    "TUNE070",
    "block-device-twice",
    outcome=Outcome.DEFINE,
    on="blkiotune/device/path",
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefTunablesValidate), alike in 7.0.0 and 9.0.0",
    bad=Example(
        "",
        around="<blkiotune>\n"
        "  <device>\n    <path>/dev/sda</path>\n    <weight>500</weight>\n  </device>\n"
        "  <device>\n    <path>/dev/sda</path> <!-- TUNE070 -->\n    <read_iops_sec>900</read_iops_sec>\n  </device>\n"
        "</blkiotune>",
    ),
    good=Example(
        "",
        around="<blkiotune>\n"
        "  <device>\n    <path>/dev/sda</path>\n    <weight>500</weight>\n"
        "    <read_iops_sec>900</read_iops_sec>\n  </device>\n"
        "</blkiotune>",
    ),
)
def block_device_twice(context: Context, element: Element) -> Problems:
    """Two elements limit the same block device of the host.

    libvirt refuses to define the domain.
    """
    device = element.getparent()
    path = element.text or ""
    if device is None or not path or is_placeholder(path) or not context.domain.runs_on_qemu:
        return
    if child(device, "path") is not element:
        return
    for other in context.domain.element.iterfind("blkiotune/device"):
        its = child(other, "path")
        if other is device:
            return
        if its is not None and its.text == path:
            yield Problem(
                Spot(element),
                f"{path} has limits already",
                "put all limits of a device into one element",
                ((Spot(its), "the other element"),),
            )
            return


_QUOTAS: Final = ("quota", "global_quota", "emulator_quota", "iothread_quota")
_LEAST_QUOTA: Final = 1000


@rule(
    "TUNE071",
    "quota-too-small",
    outcome=Outcome.DEFINE,
    on="cputune",
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefCputuneValidate), alike in 7.0.0 and 9.0.0",
    bad=Example("", around="<cputune>\n  <quota>500</quota> <!-- TUNE071 -->\n</cputune>"),
    good=Example("", around="<cputune>\n  <quota>50000</quota>\n</cputune>"),
)
def quota_too_small(context: Context, element: Element) -> Problems:
    """A quota of time on CPUs is shorter than the least that the kernel takes: 1000 microseconds.

    libvirt refuses to define the domain. 0 and negative numbers mean no limit.
    """
    if not context.domain.runs_on_qemu:
        return
    for quota in element.iterchildren(*_QUOTAS):
        text = (quota.text or "").strip()
        if (
            text.isdigit()
            and len(text) < 5
            and 0 < int(text) < _LEAST_QUOTA
            and child(element, str(quota.tag)) is quota
        ):
            yield Problem(
                Spot(quota),
                f"{int(text)} microseconds are less than {_LEAST_QUOTA}, the least",
                "take 1000 or more, or -1 for no limit",
            )


_SHARES: Final = (2, 262144)


@rule(
    "TUNE072",
    "shares-out-of-range",
    outcome=Outcome.DEFINE,
    on="cputune/shares",
    asked="9.0.0",
    until="9.1.0",
    since="some release after 7.0.0; 11.3.0 leaves it to the kernel again",
    source="libvirt 9.0.0 src/conf/domain_validate.c (virDomainDefCputuneValidate), not in 7.0.0 and 11.3.0",
    bad=Example("", around="<cputune>\n  <shares>1</shares> <!-- TUNE072 -->\n</cputune>", libvirt="9.0.0"),
    good=Example("", around="<cputune>\n  <shares>1024</shares>\n</cputune>", libvirt="9.0.0"),
)
def shares_out_of_range(context: Context, element: Element) -> Problems:
    """The shares of time on CPUs are fewer than 2, or more than 262144.

    libvirt refuses to define the domain. 0 sets nothing.
    """
    cputune, text = element.getparent(), (element.text or "").strip()
    if cputune is None or child(cputune, "shares") is not element or not context.domain.runs_on_qemu:
        return
    if text.isdigit() and len(text) < 20 and int(text) and not _SHARES[0] <= int(text) <= _SHARES[1]:
        yield Problem(Spot(element), f"{int(text)} shares are none of {_SHARES[0]} to {_SHARES[1]}", "1024 is usual")
