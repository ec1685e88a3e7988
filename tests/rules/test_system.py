"""CPU, FEAT, CLOCK, SEC and SYS: limits, machines, versions, and silence where nothing can be known.

What is refused and what is not was seen with libvirt 11.3.0, or read in 7.0.0 and 9.0.0 where a test names these.
"""

from __future__ import annotations

import pytest

from domlint.engine import Plan, Source
from domlint.examples import example_hosts, whole_document
from domlint.rules import catalogue
from domlint.versions import Version

FAMILIES = ("CPU", "FEAT", "CLOCK", "SEC", "SYS")
RULES = [rule for rule in catalogue() if rule.code.rstrip("0123456789") in FAMILIES]
MACHINES = {
    "pc": ("x86_64", "pc"),
    "q35": ("x86_64", "q35"),
    "isapc": ("x86_64", "isapc"),
    "arm": ("aarch64", "virt"),
    "board": ("aarch64", "raspi3b"),  # without its host's file, this may be another name of virt
    "ppc": ("ppc64", "pseries"),
    "powernv": ("ppc64", "powernv9"),
    "s390": ("s390x", "s390-ccw-virtio"),
    "riscv": ("riscv64", "virt"),
    "loongarch": ("loongarch64", "virt"),
    "alias": ("x86_64", "ubuntu"),
    "alias of arm": ("aarch64", "vm"),
    "template": ("x86_64", "{{ machine }}"),
}
DOMAIN = """\
<domain type='{type}' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
<name>vm1</name>
<memory unit='MiB'>1024</memory>
<os><type arch='{arch}' machine='{machine}'>hvm</type>{os}</os>
{around}
</domain>
"""


def codes(
    around: str, machine: str = "pc", type_: str = "qemu", libvirt: str = "11.3.0", os: str = "", document: str = ""
) -> str:
    """The codes of what is refused, with spaces between."""
    arch, name = MACHINES[machine]
    text = document or DOMAIN.format(arch=arch, machine=name, type=type_, around=around, os=os)
    report = Plan(RULES, libvirt=Version.parse(libvirt) if libvirt else None).check(Source("x.xml", text.encode()))
    assert report.crashes == ()
    return " ".join(sorted({finding.code for finding in report.findings}))


FEATURES_BY_MACHINE = {
    "<ioapic driver='kvm'/>": "pc q35 isapc alias template",
    "<ioapic/>": "all",
    "<apic eoi='off'/>": "pc q35 isapc alias template",
    "<apic/>": "all",
    "<pvspinlock state='off'/>": "pc q35 isapc alias template",
    "<hyperv/>": "pc q35 isapc alias template arm board alias-of-arm",
    "<vmport state='off'/>": "pc q35 isapc alias template",
    "<ps2 state='on'/>": "pc q35 isapc alias template",
    "<smm><tseg unit='MiB'>48</tseg></smm>": "q35 alias template",
    "<smm state='off'><tseg unit='MiB'>48</tseg></smm>": "all",
    "<gic/>": "arm board alias-of-arm",
    "<ras state='off'/>": "arm board alias-of-arm",
    "<aia value='none'/>": "riscv",
    "<aia/>": "all",
    "<hpt resizing='enabled'/>": "ppc",
    "<hpt><maxpagesize unit='KiB'>64</maxpagesize></hpt>": "ppc",
    "<hpt/>": "all",
    "<htm state='off'/>": "ppc",
    "<nested-hv state='on'/>": "ppc",
    "<ccf-assist state='on'/>": "ppc",
    "<cfpc value='broken'/>": "ppc",
    "<cfpc/>": "all",
    "<sbbc value='fixed'/>": "ppc",
    "<ibs value='{{ ibs }}'/>": "all",
    "<vmcoreinfo/>": "all",
}


@pytest.mark.parametrize("feature", FEATURES_BY_MACHINE)
@pytest.mark.parametrize("machine", MACHINES)
def test_a_feature_is_on_some_machines(feature: str, machine: str) -> None:
    where = FEATURES_BY_MACHINE[feature]
    is_there = where == "all" or machine.replace(" ", "-") in where.split()
    assert codes(f"<features>{feature}</features>", machine) == ("" if is_there else "FEAT001")


FEATURES = {
    "<cfpc value='broken'/><cfpc/>": "",  # the last of a name counts
    "<vmport/><ps2 state='off'/>": "FEAT010",
    "<vmport state='off'/><ps2 state='off'/>": "",
    "<vmport state='on'/><ps2 state='on'/>": "",
    "<vmport state='{{ on }}'/><ps2 state='off'/>": "",
    "<tcg><tb-cache unit='MiB'>128</tb-cache></tcg>": "",
    "<tcg><tb-cache unit='KiB'>100</tb-cache></tcg>": "FEAT013",
    "<tcg><tb-cache unit='KiB'>2048</tb-cache></tcg>": "",
    "<tcg><tb-cache unit='bytes'>1048000</tb-cache></tcg>": "",
    "<tcg><tb-cache>{{ size }}</tb-cache></tcg>": "",
    "<hyperv><spinlocks state='on'/></hyperv>": "FEAT020",
    "<hyperv><spinlocks state='on' retries='4094'/></hyperv>": "FEAT020",
    "<hyperv><spinlocks state='on' retries='4095'/></hyperv>": "",
    "<hyperv><spinlocks state='on' retries='0x1fff'/></hyperv>": "",
    "<hyperv><spinlocks state='off' retries='1'/></hyperv>": "",
    "<hyperv><spinlocks state='on' retries='{{ n }}'/></hyperv>": "",
    "<hyperv mode='passthrough'><spinlocks state='on'/></hyperv>": "",
    "<hyperv><vendor_id state='on'/></hyperv>": "FEAT021",
    "<hyperv><vendor_id state='off'/></hyperv>": "",
    "<hyperv><vendor_id state='on' value='abcdefghijkl'/></hyperv>": "",
    "<hyperv><vendor_id state='on' value='abcdefghijkö'/></hyperv>": "FEAT021",
    "<hyperv><stimer/></hyperv>": "FEAT022",
    "<hyperv><tlbflush/></hyperv>": "FEAT022",
    "<hyperv mode='passthrough'><stimer/></hyperv>": "",
    "<kvm><dirty-ring state='on'/></kvm>": "FEAT030",
    "<kvm><dirty-ring state='on' size='512'/></kvm>": "FEAT030",
    "<kvm><dirty-ring state='on' size='1024'/></kvm>": "",
    "<kvm><dirty-ring state='on' size='1025'/></kvm>": "FEAT030",
    "<kvm><dirty-ring state='on' size='65536'/></kvm>": "",
    "<kvm><dirty-ring state='on' size='131072'/></kvm>": "FEAT030",
    "<kvm><dirty-ring state='off' size='1'/></kvm>": "",
    "<kvm><hint-dedicated state='on'/></kvm>": "",
}


@pytest.mark.parametrize("features", FEATURES)
def test_features(features: str) -> None:
    assert codes(f"<features>{features}</features>") == FEATURES[features]


def test_sizes_of_smm() -> None:
    for size, expected in (("1", ""), ("0", ""), ("<!-- none -->", "")):
        assert codes(f"<features><smm><tseg>{size}</tseg></smm></features>", "q35") == expected
    for unit in ("KiB", "bytes", "MB"):
        assert codes(f"<features><smm><tseg unit='{unit}'>1</tseg></smm></features>", "q35") == "FEAT012"


@pytest.mark.parametrize("machine", ["arm", "riscv", "loongarch", "pc", "s390", "ppc"])
@pytest.mark.parametrize(
    "flag",
    [
        "<features><pmu state='on'/></features>",
        "<features><kvm><hidden state='on'/></kvm></features>",
        "<features><kvm><pv-ipi state='off'/></kvm></features>",
    ],
)
def test_a_flag_of_the_cpu_needs_a_cpu(machine: str, flag: str) -> None:
    expected = "FEAT040" if machine in ("arm", "riscv", "loongarch") else ""
    assert codes(flag, machine, "kvm") == expected
    assert codes(flag, machine, "qemu") == ""
    assert codes(f"{flag}<cpu mode='host-passthrough'/>", machine, "kvm") == ""
    assert codes(f"{flag}<cpu><topology sockets='1' cores='1' threads='1'/></cpu>", machine, "kvm") == expected


def test_a_flag_of_the_cpu_needs_a_cpu_on_boards_that_libvirt_has_no_driver_for() -> None:
    pmu = "<domain type='{}'><name>a</name><os><type arch='sparc'>hvm</type></os><features><pmu/></features></domain>"
    assert [codes("", document=pmu.format(type_)) for type_ in ("qemu", "kvm")] == ["FEAT040", "FEAT040"]


def test_versions_of_features() -> None:
    hint = "<features><kvm><hint-dedicated state='on'/></kvm></features>"
    assert codes(hint, libvirt="7.0.0") == "FEAT031"
    assert codes(f"{hint}<cpu mode='host-passthrough'/>", libvirt="7.0.0") == ""
    ring = "<features><kvm><dirty-ring state='on' size='1'/></kvm></features>"
    assert [codes(ring, libvirt=libvirt) for libvirt in ("7.10.0", "8.0.0", "")] == ["", "FEAT030", "FEAT030"]


CPUS = {
    "<cpu migratable='on'/>": "CPU002",
    "<cpu mode='host-model' migratable='on'/>": "CPU002",
    "<cpu mode='{{ mode }}' migratable='on'/>": "",
    "<cpu mode='maximum' migratable='on'/>": "",
    "<cpu check='none'/>": "",
    "<cpu><vendor>Intel</vendor></cpu>": "CPU001",
    "<cpu mode='host-passthrough'><vendor>Intel</vendor></cpu>": "CPU001",
    "<cpu><feature name='nx'/></cpu>": "CPU001",
    "<cpu mode='{{ mode }}'><feature name='nx'/></cpu>": "",
    "<cpu mode='host-model'><feature name='nx'/></cpu>": "",
    "<cpu><model>{{ model }}</model><feature name='nx'/></cpu>": "",
    "<cpu mode='maximum'><feature name='nx'/><feature name='nx' policy='disable'/></cpu>": "CPU003",
    "<cpu mode='maximum'><feature name='$(a)'/><feature name='$(a)'/></cpu>": "",
    "<cpu mode='maximum'><feature name=''/></cpu>": "CPU004",
    "<cpu mode='maximum'><feature name='sve' policy='forbid'/><feature name='sve128'/></cpu>": "CPU005",
    "<cpu mode='maximum'><feature name='sve'/><feature name='sve128'/></cpu>": "",
    "<cpu><cache mode='emulate'/></cpu>": "CPU011",
    "<cpu><cache mode='emulate' level='2'/></cpu>": "CPU011",
    "<cpu><cache mode='emulate' level='3'/></cpu>": "",
    "<cpu><cache mode='emulate' level='{{ level }}'/></cpu>": "",
    "<cpu><cache mode='passthrough'/></cpu>": "CPU012",
    "<cpu mode='maximum'><cache mode='passthrough'/></cpu>": "",
    "<cpu mode='maximum'><cache mode='passthrough' level='3'/></cpu>": "CPU011",
    "<cpu><cache mode='disable' level='1'/></cpu>": "CPU011",
    "<cpu><cache mode='disable'/></cpu>": "",
    "<cpu><maxphysaddr mode='passthrough' bits='42'/></cpu>": "CPU013",
    "<cpu><maxphysaddr mode='passthrough' limit='42'/></cpu>": "",
    "<cpu><maxphysaddr mode='passthrough' limit='0'/></cpu>": "CPU013",
    "<cpu><maxphysaddr mode='emulate' limit='42'/></cpu>": "CPU013",
    "<cpu><maxphysaddr mode='emulate'/></cpu>": "",
}


@pytest.mark.parametrize("cpu", CPUS)
def test_cpus(cpu: str) -> None:
    assert codes(cpu) == CPUS[cpu]


@pytest.mark.parametrize(
    ("cpu", "machine", "type_", "expected"),
    [
        ("<cpu check='none'/>", "arm", "kvm", "CPU006"),
        ("<cpu check='none'/>", "arm", "qemu", ""),
        ("<cpu check='none'/>", "s390", "kvm", ""),
        ("<cpu check='none'><model>cortex-a57</model></cpu>", "arm", "kvm", ""),
        ("<cpu><cache mode='disable'/></cpu>", "arm", "kvm", "CPU010"),
        ("<cpu><maxphysaddr mode='emulate' bits='40'/></cpu>", "s390", "qemu", "CPU010"),
        ("<cpu mode='maximum'><feature name='foo'/></cpu>", "arm", "qemu", "CPU021"),
        ("<cpu mode='maximum'><feature name='sve2048'/></cpu>", "arm", "qemu", ""),
        ("<cpu mode='maximum'><feature name='sve120'/></cpu>", "arm", "qemu", "CPU021"),
        ("<cpu mode='maximum'><feature name='{{ f }}'/></cpu>", "arm", "qemu", ""),
        ("<cpu mode='maximum'><feature name='foo'/></cpu>", "ppc", "qemu", ""),
        ("<cpu mode='maximum'><feature name='vx' policy='optional'/></cpu>", "s390", "qemu", "CPU020"),
        ("<cpu mode='maximum'><feature name='vx' policy='force'/></cpu>", "s390", "qemu", ""),
        ("<cpu match='minimum'><model>z14</model></cpu>", "s390", "qemu", "CPU020"),
        ("<cpu match='minimum'><model>POWER9</model></cpu>", "ppc", "qemu", ""),
    ],
)
def test_cpus_of_other_architectures(cpu: str, machine: str, type_: str, expected: str) -> None:
    assert codes(cpu, machine, type_) == expected


def test_versions_of_cpus() -> None:
    bits = "<cpu><maxphysaddr mode='emulate'/></cpu>"
    assert [codes(bits, libvirt=libvirt) for libvirt in ("8.6.0", "9.0.0", "9.1.0", "")] == ["", "CPU014", "", ""]
    pauth = "<cpu mode='maximum'><feature name='pauth'/></cpu>"
    assert [codes(pauth, "arm", libvirt=libvirt) for libvirt in ("9.0.0", "11.3.0", "")] == ["CPU021", "", ""]
    unknown = "<cpu mode='maximum'><feature name='foo'/></cpu>"
    assert [codes(unknown, "arm", libvirt=libvirt) for libvirt in ("11.4.0", "")] == ["", ""]


TIMERS = {
    "<timer name='kvmclock' tickpolicy='delay'/>": "CLOCK001",
    "<timer name='kvmclock'/>": "",
    "<timer name='tsc' tickpolicy='delay'/>": "",
    "<timer name='rtc' frequency='100'/>": "CLOCK001",
    "<timer name='rtc' frequency='0'/>": "",
    "<timer name='rtc' frequency='{{ hz }}'/>": "",
    "<timer name='tsc' frequency='100' mode='paravirt'/>": "",
    "<timer name='pit' track='guest'/>": "CLOCK001",
    "<timer name='rtc' track='guest'/>": "",
    "<timer name='rtc' track='boot'/>": "CLOCK003",
    "<timer name='rtc' tickpolicy='discard'/>": "CLOCK003",
    "<timer name='hpet' tickpolicy='merge'/>": "",
    "<timer name='pit' tickpolicy='merge'/>": "CLOCK003",
    "<timer name='pit' tickpolicy='discard'/>": "",
    "<timer name='rtc'><catchup threshold='1'/></timer>": "CLOCK002",
    "<timer name='rtc'><catchup threshold='0'/></timer>": "",
    "<timer name='rtc' tickpolicy='{{ p }}'><catchup slew='1'/></timer>": "",
    "<timer name='rtc' tickpolicy='catchup'><catchup slew='1'/></timer>": "",
    "<timer name='platform' present='no'/>": "CLOCK004",
    "<timer name='armvtimer'/>": "CLOCK005",
    "<timer name='hpet' present='yes'/>": "",
    "<timer name='{{ timer }}' mode='auto'/>": "",
}


@pytest.mark.parametrize("timer", TIMERS)
def test_timers(timer: str) -> None:
    assert codes(f"<clock offset='utc'>{timer}</clock>") == TIMERS[timer]


@pytest.mark.parametrize(
    ("timer", "machine", "type_", "expected"),
    [
        ("name='hpet' present='yes'", "arm", "kvm", "CLOCK005"),
        ("name='hpet' present='no'", "arm", "kvm", ""),
        ("name='kvmclock' present='yes'", "s390", "kvm", "CLOCK005"),
        ("name='kvmclock'", "s390", "kvm", ""),
        ("name='kvmclock' present='no'", "arm", "kvm", "FEAT040"),
        ("name='armvtimer'", "arm", "kvm", ""),
        ("name='armvtimer' tickpolicy='discard'", "arm", "kvm", "FEAT040"),
        ("name='armvtimer'", "arm", "qemu", "CLOCK005"),
        ("name='armvtimer'", "board", "kvm", ""),
        ("name='armvtimer' tickpolicy='merge'", "arm", "kvm", "CLOCK003"),
        ("name='armvtimer' present='no'", "arm", "kvm", "CLOCK003"),
    ],
)
def test_timers_of_machines(timer: str, machine: str, type_: str, expected: str) -> None:
    assert codes(f"<clock offset='utc'><timer {timer}/></clock>", machine, type_) == expected


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("offset='timezone'", "CLOCK010"),
        ("offset='timezone' timezone=''", "CLOCK010"),
        ("offset='timezone' timezone='{{ tz }}'", ""),
        ("offset='{{ offset }}'", ""),
        ("offset='absolute' start='253402300799'", ""),
        ("offset='absolute' start='253402300800'", "CLOCK011"),
        ("offset='absolute' start='{{ start }}'", ""),
        ("adjustment='x'", "CLOCK012"),
        ("adjustment='reset'", ""),
        ("adjustment='-5'", ""),
        ("adjustment='{{ a }}'", ""),
    ],
)
def test_clocks(clock: str, expected: str) -> None:
    assert codes(f"<clock {clock}/>") == expected


LABELS = {
    "<seclabel type='static'><label>0:0</label></seclabel>": "SEC002",
    "<seclabel type='static' model='dac'><label></label></seclabel>": "SEC004",
    "<seclabel type='static' model='dac'><label>{{ l }}</label></seclabel>": "",
    "<seclabel type='static' model='none'><label/></seclabel>": "",
    "<seclabel/>": "SEC003",
    "<seclabel type='dynamic'/>": "",
    "<seclabel model='dac' relabel='no'/>": "",
    "<seclabel type='none'/>": "",
    "<seclabel type='dynamic'><baselabel>x</baselabel></seclabel>": "SEC002",
    "<seclabel type='dynamic'><baselabel/></seclabel>": "",
    "<seclabel type='dynamic' model='selinux'/><seclabel type='none' model='selinux'/>": "SEC001",
    "<seclabel type='dynamic' model='selinux'/><seclabel type='dynamic'/>": "SEC001",
    "<seclabel type='dynamic' model='selinux'/><seclabel type='none' model='dac'/>": "",
    "<seclabel type='dynamic' model='$(a)'/><seclabel type='none' model='$(a)'/>": "",
}


@pytest.mark.parametrize("labels", LABELS)
def test_labels(labels: str) -> None:
    assert codes(labels) == LABELS[labels]


def test_versions_of_labels() -> None:
    assert [codes("<seclabel/>", libvirt=libvirt) for libvirt in ("7.0.0", "9.0.0", "")] == ["", "SEC003", "SEC003"]
    unused = "<seclabel model='dac' relabel='no'/>"
    assert [codes(unused, libvirt=libvirt) for libvirt in ("7.0.0", "9.0.0", "")] == ["SEC005", "", ""]


DEVICE_LABELS = {
    ("", "<seclabel model='dac'/>"): "",
    ("", "<seclabel model='dac' relabel='yes'><label/></seclabel>"): "SEC013",
    ("", "<seclabel model='dac' relabel='no'/>"): "",
    ("", "<seclabel model='dac' relabel='yes'><label>x</label></seclabel>"): "",
    ("", "<seclabel model='dac' relabel='no'><label>x</label></seclabel>"): "SEC010",
    ("", "<seclabel model='dac' relabel='{{ r }}'><label>x</label></seclabel>"): "",
    ("", "<seclabel model='dac'/><seclabel model='dac'/>"): "SEC011",
    ("", "<seclabel/><seclabel/>"): "",
    ("<seclabel type='none'/>", "<seclabel model='dac' relabel='no'/>"): "",
    ("<seclabel type='none' model='dac'/>", "<seclabel model='dac' relabel='no'/>"): "SEC012",
    ("<seclabel type='none' model='dac'/>", "<seclabel relabel='no'/>"): "",
    (
        "<seclabel type='static' model='dac'><label>0:0</label></seclabel>",
        "<seclabel model='dac' relabel='no'/>",
    ): "SEC012",
    (
        "<seclabel type='static' model='dac' relabel='yes'><label>0:0</label></seclabel>",
        "<seclabel model='dac' relabel='no'/>",
    ): "",
    ("<seclabel type='{{ t }}' model='dac'/>", "<seclabel model='dac' relabel='no'/>"): "",
}


@pytest.mark.parametrize("labels", DEVICE_LABELS)
def test_labels_of_devices(labels: tuple[str, str]) -> None:
    device = "<disk type='file'><source file='/a'>{}</source><target dev='vda'/></disk>"
    assert codes(f"{labels[0]}<devices>{device.format(labels[1])}</devices>") == DEVICE_LABELS[labels]
    other = "<filesystem type='mount'><source dir='/a'>{}</source><target dir='x'/></filesystem>"
    assert codes(f"<devices>{other.format(labels[1])}</devices>") == ""


@pytest.mark.parametrize(
    ("around", "machine", "expected"),
    [
        ("<launchSecurity type='sev'><policy>0x1</policy></launchSecurity>", "pc", ""),
        ("<launchSecurity type='sev'><policy>0x1</policy></launchSecurity>", "template", ""),
        ("<launchSecurity type='sev'><policy>0x1</policy></launchSecurity>", "arm", "SEC020"),
        ("<launchSecurity type='s390-pv'/>", "q35", "SEC020"),
        ("<launchSecurity type='s390-pv'/>", "s390", ""),
        ("<keywrap><cipher name='aes' state='off'/></keywrap>", "s390", ""),
        ("<keywrap><cipher name='aes' state='off'/></keywrap>", "arm", "SEC031"),
        ("<keywrap/>", "arm", ""),
        ("<idmap><uid start='0' target='1' count='1'/></idmap>", "pc", "SEC040"),
        ("<idmap/>", "pc", ""),
        (
            "<idmap><uid start='5' target='1' count='1'/><uid start='0' target='1' count='1'/>"
            "<gid start='0' target='1' count='1'/></idmap>",
            "pc",
            "",
        ),
        (
            "<idmap><uid start='5' target='1' count='1'/><gid start='0' target='1' count='1'/></idmap>",
            "pc",
            "SEC040",
        ),
        (
            "<idmap><uid start='{{ s }}' target='1' count='1'/><gid start='0' target='1' count='1'/></idmap>",
            "pc",
            "",
        ),
    ],
)
def test_security_of_machines(around: str, machine: str, expected: str) -> None:
    assert codes(around, machine) == expected


@pytest.mark.parametrize(
    ("data", "is_right"),
    [("", True), ("A" * 43 + "=", True), ("AAAA", False), ("not base64!", False), ("{{ d }}", True), ("A" * 44, False)],
)
def test_data_of_snp(data: str, is_right: bool) -> None:
    security = "<launchSecurity type='sev-snp'><policy>0x30000</policy><hostData>{}</hostData></launchSecurity>"
    assert codes(security.format(data)) == ("" if is_right else "SEC021")
    assert codes(security.format(data), libvirt="10.4.0") == ""


UUID = "11111111-2222-3333-4444-55555555555a"
SYSTEM = "<sysinfo type='smbios'><system><entry name='uuid'>{}</entry></system></sysinfo>"
BIOS = "<sysinfo type='smbios'><bios><entry name='date'>{}</entry></bios></sysinfo>"
VALUES = "<sysinfo type='fwcfg'>{}</sysinfo>"

WHOLE = {
    "<title>one\ntwo</title>": "SYS002",
    "<title>one</title><description>one\ntwo</description>": "",
    "<bootloader>/x</bootloader>": "SYS012",
    "<bootloader/>": "",
    "<on_poweroff>rename-restart</on_poweroff>": "SYS020",
    "<on_crash>rename-restart</on_crash>": "SYS020",
    "<on_reboot>preserve</on_reboot>": "SYS020",
    "<on_crash>preserve</on_crash>": "",
    "<on_poweroff>restart</on_poweroff>": "",
    "<on_poweroff>restart</on_poweroff><on_reboot>destroy</on_reboot>": "SYS020",
    "<on_reboot>destroy</on_reboot><on_reboot>preserve</on_reboot>": "",  # the first counts
    "<on_reboot>{{ action }}</on_reboot>": "",
    "<perf><event name='cmt' enabled='yes'/><event name='cmt' enabled='no'/></perf>": "SYS022",
    "<resource/>": "SYS023",
    "<resource><partition/></resource>": "SYS023",
    "<resource><partition>{{ p }}</partition></resource>": "",
    "<resource><fibrechannel appid='x'/></resource>": "",
    VALUES.format("<entry name='x'>a</entry>"): "SYS030",
    VALUES.format("<entry name='opt/ovmf/x'>a</entry>"): "SYS030",
    VALUES.format("<entry name='opt/ovmf'>a</entry>"): "",
    VALUES.format("<entry name='{{ n }}'>a</entry>"): "",
    VALUES.format("<entry name='opt/x'/>"): "SYS031",
    VALUES.format("<entry name='opt/x' file='/x'/>"): "",
    BIOS.format("2020-01-01"): "SYS032",
    BIOS.format("13/01/2020"): "SYS032",
    BIOS.format("1/32/2020"): "SYS032",
    BIOS.format("12/01/1850"): "SYS032",
    BIOS.format("12/01/100"): "SYS032",
    BIOS.format("12/01/99"): "",
    BIOS.format(" 12/ 01/+2020"): "",
    BIOS.format("12/01/2020 "): "SYS032",
    BIOS.format("{{ date }}"): "",
    BIOS.format(""): "",
    SYSTEM.format("zz"): "SYS033",
    SYSTEM.format(UUID): "",
    f"<uuid>{UUID}</uuid>" + SYSTEM.format(UUID.upper().replace("-", "")): "",
    f"<uuid>{UUID}</uuid>" + SYSTEM.format(UUID.replace("5a", "5b")): "SYS033",
    "<uuid>{{ uuid }}</uuid>" + SYSTEM.format(UUID): "",
}


@pytest.mark.parametrize("around", WHOLE)
def test_the_domain_as_a_whole(around: str) -> None:
    assert codes(around) == WHOLE[around]


@pytest.mark.parametrize(
    ("os", "around", "expected"),
    [
        ("<smbios mode='sysinfo'/>", "", "SYS034"),
        ("<smbios mode='sysinfo'/>", VALUES.format("<entry name='opt/x'>a</entry>"), "SYS034"),
        ("<smbios mode='sysinfo'/>", "<sysinfo type='$(t)'/>", ""),
        ("<smbios mode='{{ m }}'/>", "", ""),
        ("<smbios mode='emulate'/>", "<sysinfo type='smbios'>{}{}</sysinfo>", ""),
        ("<smbios mode='sysinfo'/>", "<sysinfo type='smbios'>{}{}</sysinfo>", "SYS035"),
        ("<smbios mode='sysinfo'/>", "<sysinfo type='smbios'>{}<baseBoard/></sysinfo>", ""),
        ("<acpi><table type='slic'>/x</table><table type='slic'>/x</table></acpi>", "", "SYS013"),
        ("<acpi><table type='raw'>/x</table><table type='raw'>/x</table></acpi>", "", ""),
        ("<acpi><table type='slic'>/x</table><table type='msdm'>/x</table></acpi>", "", ""),
    ],
)
def test_firmware_tables(os: str, around: str, expected: str) -> None:
    board = "<baseBoard><entry name='product'>x</entry></baseBoard>"
    assert codes(around.format(board, board), os=os) == expected


def test_an_older_libvirt_takes_one_acpi_table() -> None:
    tables = "<acpi><table type='slic'>/x</table><table type='msdm'>/x</table></acpi>"
    assert codes("", os=tables, libvirt="9.0.0") == "SYS013"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("<domain type='kvm'><name>a</name></domain>", "SYS010"),
        ("<domain type='lxc'><name>a</name></domain>", ""),
        ("<domain type='kvm'><name>a</name><bootloader>/x</bootloader></domain>", "SYS012"),
        ("<domain type='kvm'><name>a/b</name><os><type>hvm</type></os></domain>", "SYS001"),
        ("<domain type='kvm'><name>{{ a/b }}</name><os><type>hvm</type></os></domain>", ""),
        ("<domain type='lxc'><name>a/b</name><os><type>exe</type></os></domain>", ""),
        ("<domain type='kvm'><name>a</name><os><type>xen</type></os></domain>", "SYS011"),
        ("<domain type='kvm'><name>a</name><os><type>{{ t }}</type></os></domain>", ""),
        ("<network><name>a/b</name></network>", ""),
    ],
)
def test_what_every_domain_has(document: str, expected: str) -> None:
    assert codes("", document=document) == expected


@pytest.mark.parametrize("machine", ["pc", "arm", "s390", "ppc", "riscv", "template"])
def test_states_of_sleep(machine: str) -> None:
    expected = "" if machine in ("pc", "template") else "SYS021"
    assert codes("<pm><suspend-to-disk enabled='no'/></pm>", machine) == expected
    assert codes("<pm><suspend-to-disk/></pm>", machine) == ""


PROPERTY = "<qemu:override><qemu:device alias='x'><qemu:frontend>{}</qemu:frontend></qemu:device></qemu:override>"
WORDS_FOR_QEMU = {
    "<qemu:commandline><qemu:env name='1x'/></qemu:commandline>": "SYS040",
    "<qemu:commandline><qemu:env name='_1x'/></qemu:commandline>": "",
    PROPERTY.format("<qemu:property name='id' type='string' value='x'/>"): "SYS041",
    PROPERTY.format("<qemu:property name='x' type='string'/>"): "SYS041",
    PROPERTY.format("<qemu:property name='x' type='string' value=''/>"): "",
    PROPERTY.format("<qemu:property name='x' type='remove'/>"): "",
    PROPERTY.format("<qemu:property name='x' type='remove' value='x'/>"): "SYS041",
    PROPERTY.format("<qemu:property name='x' type='signed' value='-5'/>"): "",
    PROPERTY.format("<qemu:property name='x' type='signed' value='5 '/>"): "SYS041",
    PROPERTY.format("<qemu:property name='x' type='unsigned' value='-5'/>"): "SYS041",
    PROPERTY.format("<qemu:property name='x' type='unsigned' value='+5'/>"): "",
    PROPERTY.format("<qemu:property name='x' type='unsigned' value='0x10'/>"): "SYS041",
    PROPERTY.format("<qemu:property name='x' type='bool' value='true'/>"): "",
    PROPERTY.format("<qemu:property name='x' type='bool' value='yes'/>"): "SYS041",
    PROPERTY.format("<qemu:property name='x' type='bool' value='{{ b }}'/>"): "",
    "<qemu:capabilities><qemu:add capability='rbd'/></qemu:capabilities>": "SYS042",
    "<qemu:capabilities><qemu:del capability=''/></qemu:capabilities>": "SYS042",
    "<qemu:capabilities><qemu:add capability='sga'/></qemu:capabilities>": "",
    "<qemu:capabilities><qemu:add capability='{{ c }}'/></qemu:capabilities>": "",
}


@pytest.mark.parametrize("words", WORDS_FOR_QEMU)
def test_words_for_qemu(words: str) -> None:
    assert codes(words) == WORDS_FOR_QEMU[words]


def test_capabilities_come_with_libvirt() -> None:
    added = "<qemu:capabilities><qemu:add capability='sev-snp-guest'/></qemu:capabilities>"
    assert [codes(added, libvirt=libvirt) for libvirt in ("9.0.0", "11.3.0", "")] == ["SYS042", "", ""]


@pytest.mark.parametrize("libvirt", ["7.0.0", "9.0.0", "9.8.0", "11.3.0"])
@pytest.mark.parametrize("has_flag", [True, False])
def test_gic_version_on_32_bits_before_libvirt_went_by_the_architecture(libvirt: str, has_flag: bool) -> None:
    rule = next(rule for rule in catalogue() if rule.code == "FEAT003")
    (host,) = example_hosts(rule.bad)
    host = host._replace(flags=host.flags | {"gic-version"}) if has_flag else host
    plan = Plan(RULES, [host], libvirt=Version.parse(libvirt))
    report = plan.check(Source("x.xml", whole_document(rule.bad).encode()))
    is_refused = "FEAT003" in {finding.code for finding in report.findings}
    assert is_refused == (not has_flag or libvirt in ("9.8.0", "11.3.0"))
