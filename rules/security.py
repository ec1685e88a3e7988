"""SEC: labels of the security drivers, encrypted memory, wrapped keys, and users of a container."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.architectures import S390, X86
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, child, decimal, whole_text
from domlint.findings import Outcome
from domlint.placeholders import is_placeholder
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule

_LABELS: Final = "libvirt 11.3.0 src/conf/domain_conf.c (virSecurityLabelDefsParseXML, virSecurityLabelDefParseXML)"
_DEVICE_LABELS: Final = (
    "libvirt 11.3.0 src/conf/domain_conf.c (virSecurityDeviceLabelDefParseXML), alike in 7.0.0 and 9.0.0"
)


def _around(text: str, **details: str) -> Example:
    return Example("", around=text)._replace(**details)  # type: ignore[arg-type]


def _labels(context: Context, element: Element) -> Iterator[list[Element]]:
    """All the labels of the domain, once: at the first of them."""
    labels = list(context.domain.element.iterchildren("seclabel"))
    if labels and labels[0] is element and context.domain.runs_on_qemu:
        yield labels


# Labels.


@rule(
    "SEC001",
    "security-model-twice",
    outcome=Outcome.DEFINE,
    on="seclabel",
    each=_labels,
    source=f"{_LABELS}, alike in 7.0.0 and 9.0.0",
    bad=_around("<seclabel type='none' model='dac'/>\n<seclabel type='dynamic' model='dac'/> <!-- SEC001 -->"),
    good=_around("<seclabel type='none' model='dac'/>\n<seclabel type='dynamic' model='selinux'/>"),
)
def security_model_twice(context: Context, labels: list[Element]) -> Problems:
    """Two labels are of the same security driver, or of none.

    Each driver (selinux, apparmor, dac) may have one label in a domain, and where there are several, each must name its
    driver. libvirt refuses the definition.
    """
    if len(labels) < 2:
        return
    first: dict[str, Element] = {}
    for label in labels:
        model = attribute(label, "model")
        if isinstance(model, Unknown):
            continue
        if model is None:
            yield Problem(
                Spot(label),
                "of several labels each must name its security driver: libvirt refuses the definition",
                "add model='dac', 'selinux' or 'apparmor'",
            )
        elif first.setdefault(model, label) is not label:
            yield Problem(
                Spot(label, "model"),
                f"the security driver '{model}' has a label already: libvirt refuses the definition",
                "remove one of the two",
                ((Spot(first[model], "model"), "the first one"),),
            )


def _needs_model(label: Element) -> str:
    """Why a label needs a model, in words; "" where the host's first driver is taken."""
    kind = attribute(label, "type")
    if kind == "static":
        return "a label that is given"
    base = child(label, "baselabel")
    if kind == "dynamic" and base is not None and base.text:
        return "a label with a base"
    return ""


@rule(
    "SEC002",
    "security-model-missing",
    outcome=Outcome.DEFINE,
    on="seclabel",
    each=_labels,
    source=f"{_LABELS}, alike in 7.0.0 and 9.0.0",
    bad=_around("<seclabel type='static'> <!-- SEC002 -->\n  <label>107:107</label>\n</seclabel>"),
    good=_around("<seclabel type='static' model='dac'>\n  <label>107:107</label>\n</seclabel>"),
)
def security_model_missing(context: Context, labels: list[Element]) -> Problems:
    """A label does not say which security driver it is of.

    libvirt takes the host's first driver where there is nothing in the label that only one driver can read. Otherwise
    it refuses the definition.
    """
    if len(labels) == 1 and "model" not in labels[0].attrib:
        what = _needs_model(labels[0])
        if what:
            yield Problem(
                Spot(labels[0]),
                f"{what} must name its security driver: libvirt refuses the definition",
                "add model='dac', 'selinux' or 'apparmor'",
            )


@rule(
    "SEC003",
    "security-label-without-type",
    outcome=Outcome.DEFINE,
    on="seclabel",
    each=_labels,
    asked="9.0.0",
    source=_LABELS,
    bad=_around("<seclabel relabel='yes'/> <!-- SEC003 -->"),
    good=_around("<seclabel type='dynamic' relabel='yes'/>"),
)
def security_label_without_type(context: Context, labels: list[Element]) -> Problems:
    """A label says neither what type it is of nor which security driver.

    Older libvirt takes a label without a type for a dynamic one; newer ones want to know one of the two, and refuse the
    definition.
    """
    if len(labels) == 1 and "model" not in labels[0].attrib and "type" not in labels[0].attrib:
        yield Problem(
            Spot(labels[0]),
            "a label without type= must name its security driver: libvirt refuses the definition",
            "add type='dynamic'",
        )


@rule(
    "SEC004",
    "security-label-empty",
    outcome=Outcome.DEFINE,
    on="seclabel/label",
    source=f"{_LABELS}, alike in 7.0.0 and 9.0.0",
    bad=_around("<seclabel type='static' model='dac'>\n  <label/> <!-- SEC004 -->\n</seclabel>"),
    good=_around("<seclabel type='static' model='dac'>\n  <label>107:107</label>\n</seclabel>"),
)
def security_label_empty(context: Context, element: Element) -> Problems:
    """A static label is empty.

    libvirt refuses the definition.
    """
    label = element.getparent()
    is_read = (
        label is not None
        and child(label, "label") is element
        and attribute(label, "model")
        not in (
            "none",
            UNKNOWN,
        )
    )
    is_empty = attribute(label, "type") == "static" and not whole_text(element)
    if is_read and is_empty and context.domain.runs_on_qemu:
        yield Problem(
            Spot(element),
            "the label is empty: libvirt refuses the definition",
            "write the label, such as 107:107 for model='dac'",
        )


@rule(
    "SEC005",
    "security-label-unlabelled",
    outcome=Outcome.DEFINE,
    on="seclabel",
    until="9.0.0",
    instead_of=("SCHEMA005",),
    source="libvirt 7.0.0 src/conf/domain_conf.c (virSecurityLabelDefParseXML)",
    bad=_around("<seclabel model='dac' relabel='no'/> <!-- SEC005 -->", libvirt="7.0.0"),
    good=_around("<seclabel type='none' model='dac' relabel='no'/>", libvirt="7.0.0"),
)
def security_label_unlabelled(context: Context, element: Element) -> Problems:
    """A label that has no type shall not be used.

    Older libvirt takes a label without a type for a dynamic one, which is there to label things. It refuses the
    definition.
    """
    if "type" not in element.attrib and attribute(element, "relabel") == "no" and context.domain.runs_on_qemu:
        yield Problem(
            Spot(element, "relabel"),
            "libvirt before 9.0 takes this for a dynamic label, which must be used: it refuses the definition",
            "say type='none'",
        )


_LABELLED: Final = frozenset({"disk", "serial", "parallel", "console", "channel"})
"""The devices whose labels libvirt reads."""


def _each_device_label(context: Context, element: Element) -> Iterator[Element]:
    source = element.getparent()
    device = None if source is None else source.getparent()
    if device is not None and device.tag in _LABELLED and context.domain.runs_on_qemu:
        yield element


_DISK: Final = """\
<disk type='file' device='disk'>
  <source file='/var/lib/libvirt/images/vm1.img'>
{labels}
  </source>
  <target dev='vda' bus='virtio'/>
</disk>"""


def _disk(labels: str, around: str = "") -> Example:
    return Example(_DISK.format(labels=labels), around=around)


@rule(
    "SEC010",
    "device-label-unwanted",
    outcome=Outcome.DEFINE,
    on="devices/*/source/seclabel",
    each=_each_device_label,
    instead_of=("SCHEMA003",),
    source=_DEVICE_LABELS,
    bad=_disk("    <seclabel model='dac' relabel='no'>\n      <label>+1:+1</label> <!-- SEC010 -->\n    </seclabel>"),
    good=_disk("    <seclabel model='dac' relabel='no'/>"),
)
def device_label_unwanted(context: Context, element: Element) -> Problems:
    """A device has a label and shall not be labelled.

    libvirt refuses the definition.
    """
    label = child(element, "label")
    if attribute(element, "relabel") == "no" and label is not None and whole_text(label):
        yield Problem(
            Spot(label),
            "the device has a label, and shall not be labelled: libvirt refuses the definition",
            "remove <label>, or relabel='no'",
        )


@rule(
    "SEC013",
    "device-label-empty",
    outcome=Outcome.DEFINE,
    on="devices/*/source/seclabel",
    each=_each_device_label,
    asked="11.3.0",
    since="some release after 9.0.0",
    source="libvirt 11.3.0 src/conf/domain_conf.c (virSecurityDeviceLabelDefParseXML), not in 9.0.0",
    bad=_disk("    <seclabel model='dac' relabel='yes'>\n      <label/> <!-- SEC013 -->\n    </seclabel>"),
    good=_disk("    <seclabel model='dac' relabel='yes'>\n      <label>+1:+1</label>\n    </seclabel>"),
)
def device_label_empty(context: Context, element: Element) -> Problems:
    """A device shall be labelled, and its label is empty.

    libvirt refuses the definition; older ones took the label of the domain.
    """
    label = child(element, "label")
    if label is not None and attribute(element, "relabel") == "yes" and not whole_text(label):
        yield Problem(
            Spot(label),
            "the device shall be labelled, and its label is empty: libvirt refuses the definition",
            "write the label, or say relabel='no', or leave 'relabel' out",
        )


@rule(
    "SEC011",
    "device-label-twice",
    outcome=Outcome.DEFINE,
    on="devices/*/source/seclabel",
    each=_each_device_label,
    source=_DEVICE_LABELS,
    bad=_disk("    <seclabel model='dac' relabel='no'/>\n    <seclabel model='dac' relabel='no'/> <!-- SEC011 -->"),
    good=_disk("    <seclabel model='dac' relabel='no'/>\n    <seclabel model='selinux' relabel='no'/>"),
)
def device_label_twice(context: Context, element: Element) -> Problems:
    """A device has two labels of one security driver.

    libvirt refuses the definition.
    """
    model = attribute(element, "model")
    if not isinstance(model, str):
        return
    for other in element.itersiblings("seclabel", preceding=True):
        if attribute(other, "model") == model:
            yield Problem(
                Spot(element, "model"),
                f"the device has a label for the driver '{model}' already: libvirt refuses the definition",
                "remove one of the two",
                ((Spot(other, "model"), "the first one"),),
            )
            return


def _is_relabelled(label: Element) -> bool | None:
    """Whether the security driver of a label may label anything; None where it is not known."""
    kind, relabel = attribute(label, "type"), attribute(label, "relabel")
    if UNKNOWN in (kind, relabel):
        return None
    if attribute(label, "model") == "none":
        return False
    if relabel is not None:
        return relabel == "yes"
    return kind not in ("static", "none")


@rule(
    "SEC012",
    "device-label-without-labelling",
    outcome=Outcome.DEFINE,
    on="devices/*/source/seclabel",
    each=_each_device_label,
    source="libvirt 11.3.0 src/conf/domain_validate.c (virSecurityDeviceLabelDefValidate), alike in 7.0.0 and 9.0.0",
    bad=_disk("    <seclabel model='dac' relabel='no'/> <!-- SEC012 -->", around="<seclabel type='none' model='dac'/>"),
    good=_disk("    <seclabel model='dac' relabel='no'/>", around="<seclabel type='dynamic' model='dac'/>"),
)
def device_label_without_labelling(context: Context, element: Element) -> Problems:
    """A device has a label of its own, and the domain turns labelling off.

    What a device says is an exception from what the domain says of the same security driver. libvirt refuses the
    definition where there is nothing to except from.
    """
    model = attribute(element, "model")
    if not isinstance(model, str):
        return
    for label in context.domain.element.iterchildren("seclabel"):
        if attribute(label, "model") == model and _is_relabelled(label) is False:
            yield Problem(
                Spot(element),
                f"the domain turns the labels of '{model}' off: libvirt refuses a label for a device",
                "remove it, or say relabel='yes' in the domain's <seclabel>",
                ((Spot(label), "turned off here"),),
            )
            return


# Encrypted memory and wrapped keys.


_TYPES: Final = {"sev": ("x86", X86), "sev-snp": ("x86", X86), "s390-pv": ("s390x", S390)}


@rule(
    "SEC020",
    "launch-security-of-another-machine",
    outcome=Outcome.DEFINE,
    on="launchSecurity",
    needs=Needs.MACHINE,
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDef), alike in 7.0.0 and 9.0.0",
    bad=_around("<launchSecurity type='s390-pv'/> <!-- SEC020 -->"),
    good=_around("<launchSecurity type='sev'>\n  <policy>0x0001</policy>\n</launchSecurity>"),
)
def launch_security_of_another_machine(context: Context, element: Element) -> Problems:
    """The processor of the domain has no such protection.

    SEV and SEV-SNP are of AMD's x86 processors, s390-pv is IBM's Secure Execution. libvirt refuses to define the
    domain.
    """
    kind, arch = attribute(element, "type"), context.machine.arch
    if not isinstance(kind, str) or kind not in _TYPES or not isinstance(arch, str):
        return
    words, architectures = _TYPES[kind]
    if arch not in architectures and _is_launch_security(context, element):
        yield Problem(
            Spot(element, "type"),
            f"'{kind}' is there on {words} alone, not on {arch}: libvirt refuses the definition",
            "remove <launchSecurity>",
        )


def _is_launch_security(context: Context, element: Element) -> bool:
    return context.domain.runs_on_qemu and child(context.domain.element, "launchSecurity") is element


_LENGTHS: Final = {"guestVisibleWorkarounds": 16, "idBlock": 96, "idAuth": 4096, "hostData": 32}
"""How many bytes each has. Source: libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefLaunchSecurityValidate)."""

_BASE64: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")


def _decoded_length(text: str) -> int:
    """How many bytes GLib decodes from a text in base64: it passes over what is no such letter."""
    letters = [letter for letter in text if letter in _BASE64]
    quartets = (letters[start : start + 4] for start in range(0, len(letters) - 3, 4))
    return sum(3 - quartet[2:].count("=") for quartet in quartets)


@rule(
    "SEC021",
    "snp-data-length",
    outcome=Outcome.DEFINE,
    on="launchSecurity",
    asked="10.5.0",
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefLaunchSecurityValidate)",
    bad=_around(
        "<launchSecurity type='sev-snp'>\n  <policy>0x00030000</policy>\n"
        "  <hostData>AAAA</hostData> <!-- SEC021 -->\n</launchSecurity>"
    ),
    good=_around("<launchSecurity type='sev-snp'>\n  <policy>0x00030000</policy>\n</launchSecurity>"),
)
def snp_data_length(context: Context, element: Element) -> Problems:
    """What SEV-SNP shall measure is not as long as it must be.

    Each is binary data in base64 with a length that the processor demands. libvirt refuses to define the domain.
    """
    if attribute(element, "type") != "sev-snp" or not _is_launch_security(context, element):
        return
    for name, length in _LENGTHS.items():
        data = child(element, name)
        text = whole_text(data)
        if data is None or not text or is_placeholder(text):
            continue
        given = _decoded_length(text)
        if given != length:
            yield Problem(
                Spot(data),
                f"<{name}> holds {given} bytes in base64, and must hold {length}: libvirt refuses the definition",
                f"write {length} bytes in base64, or remove it",
            )


@rule(
    "SEC030",
    "key-wrap-twice",
    outcome=Outcome.DEFINE,
    on="keywrap/cipher",
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainKeyWrapCipherDefParseXML), alike in 7.0.0 and 9.0.0",
    bad=Example(
        "",
        arch="s390x",
        machine="s390-ccw-virtio",
        around="<keywrap>\n  <cipher name='aes' state='on'/>\n"
        "  <cipher name='aes' state='off'/> <!-- SEC030 -->\n</keywrap>",
    ),
    good=Example(
        "",
        arch="s390x",
        machine="s390-ccw-virtio",
        around="<keywrap>\n  <cipher name='aes' state='on'/>\n  <cipher name='dea' state='off'/>\n</keywrap>",
    ),
)
def key_wrap_twice(context: Context, element: Element) -> Problems:
    """The domain says twice whether keys of a cipher are wrapped.

    libvirt refuses the definition.
    """
    name = attribute(element, "name")
    if not isinstance(name, str) or not context.domain.runs_on_qemu:
        return
    for other in element.itersiblings("cipher", preceding=True):
        if attribute(other, "name") == name:
            yield Problem(
                Spot(element, "name"),
                f"the cipher '{name}' is there twice: libvirt refuses the definition",
                "remove one of the two",
                ((Spot(other, "name"), "the first one"),),
            )
            return


@rule(
    "SEC031",
    "key-wrap-of-another-machine",
    outcome=Outcome.START,
    on="keywrap",
    needs=Needs.MACHINE,
    source="libvirt 11.3.0 src/qemu/qemu_command.c (qemuAppendKeyWrapMachineParms), alike in 7.0.0 and 9.0.0",
    bad=_around("<keywrap> <!-- SEC031 -->\n  <cipher name='aes' state='off'/>\n</keywrap>"),
    good=Example(
        "",
        arch="s390x",
        machine="s390-ccw-virtio",
        around="<keywrap>\n  <cipher name='aes' state='off'/>\n</keywrap>",
    ),
)
def key_wrap_of_another_machine(context: Context, element: Element) -> Problems:
    """Keys are wrapped by the processors of IBM Z, and by no others.

    libvirt defines the domain, and refuses to start it.
    """
    arch = context.machine.arch
    if not isinstance(arch, str) or arch in S390 or child(element, "cipher") is None:
        return
    if context.domain.runs_on_qemu:
        yield Problem(
            Spot(element),
            f"there are no wrapped keys on {arch}: libvirt refuses to start the domain",
            "remove <keywrap>",
        )


# Users and groups of a container.


@rule(
    "SEC040",
    "id-map-incomplete",
    outcome=Outcome.DEFINE,
    on="idmap",
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefIdMapValidate), alike in 9.0.0",
    bad=_around("<idmap> <!-- SEC040 -->\n  <uid start='0' target='1000' count='10'/>\n</idmap>"),
    good=_around(
        "<idmap>\n  <uid start='0' target='1000' count='10'/>\n  <gid start='0' target='1000' count='10'/>\n</idmap>"
    ),
)
def id_map_incomplete(context: Context, element: Element) -> Problems:
    """Users are mapped and groups are not, or the other way round, or root is mapped to nobody.

    The map is for containers. QEMU's driver does nothing with it, and refuses the definition all the same.
    """
    maps = context.domain.element.iterchildren("idmap")
    if next(maps) is not element or next(maps, None) is not None or not context.domain.runs_on_qemu:
        return
    users, groups = list(element.iterchildren("uid")), list(element.iterchildren("gid"))
    if bool(users) != bool(groups):
        yield Problem(
            Spot(element),
            f"{'groups' if users else 'users'} are not mapped: libvirt refuses the definition",
            "remove <idmap>, which is for containers",
        )
        return
    for ranges in (users, groups):
        starts: list[Maybe[int]] = [decimal(attribute(one, "start")) for one in ranges]
        lowest = [start for start in starts if isinstance(start, int)]
        if ranges and len(lowest) == len(starts) and 0 not in lowest:
            yield Problem(
                Spot(ranges[0], "start"),
                "root is mapped to nobody: libvirt refuses the definition",
                "remove <idmap>, which is for containers, or say start='0'",
            )
