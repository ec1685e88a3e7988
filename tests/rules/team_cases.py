"""Files with one mistake in a failover pair, and files that look like it and have none."""

from __future__ import annotations

from domains import (
    ASSIGNED,
    BRIDGED_NETWORK,
    DEFAULT_RUN,
    DEFINITIONS,
    FORMS,
    NEW_HOST,
    PLAIN,
    POOLED,
    STANDBY,
    TRANSIENTS,
    VF_POOL,
    Bad,
    Near,
    Run,
    edit,
    host,
    ports,
    second,
    vm,
)

from domlint.findings import Outcome, Severity
from domlint.hosts import Host

DEFINE, START, BROKEN, MIGRATE, NOTED = (
    Outcome.DEFINE,
    Outcome.START,
    Outcome.BROKEN,
    Outcome.MIGRATE,
    Outcome.NOTE,
)
ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

BAD: list[Bad] = []
NEAR: list[Near] = []


def bad(
    name: str,
    code: str,
    text: str,
    outcome: Outcome,
    severity: Severity,
    *says: str,
    run: Run = DEFAULT_RUN,
    forms: tuple[str, ...] = tuple(FORMS),
    also: tuple[str, ...] = (),
) -> None:
    """Add a file with a mistake."""
    BAD.append(Bad(name, code, text, outcome, severity, says, run, forms, also))


def near(name: str, code: str, text: str, run: Run = DEFAULT_RUN, also: tuple[str, ...] = ()) -> None:
    """Add a file that only looks like that mistake."""
    NEAR.append(Near(name, code, text, run, also=also))


def on(*hosts: Host, libvirt: str = "") -> Run:
    """Held against these hosts."""
    return Run(hosts, libvirt=libvirt)


PERSISTENT = "<teaming type='persistent'/>"
TRANSIENT = "<teaming type='transient' persistent='ua-uplink'/>"
MAC = "<mac address='52:54:00:1d:0e:4a'/>"
MODEL = "<model type='virtio'/>"
PAIR = STANDBY + POOLED


def put(device: str, line: str) -> str:
    """A device with a line more, right before its end."""
    head, separator, tail = device.rpartition("</")
    assert separator
    return f"{head}  {line}\n</{tail}"


# --- TEAM001 to TEAM003: the host ---

OLD = host(qemu="4.1.0", libvirt="7.0.0", name="old")
MARKED_STANDBY = {
    code: edit(STANDBY, (PERSISTENT, f"{PERSISTENT} <!-- {code} -->")) for code in ("TEAM001", "TEAM002", "TEAM003")
}

for form, device in (("pooled", POOLED), ("assigned", ASSIGNED)):
    bad(
        f"old QEMU, {form}",
        "TEAM001",
        vm(MARKED_STANDBY["TEAM001"], device),
        *(DEFINE, ERROR, "virtio-net.failover", "4.2"),
        run=on(OLD),
    )
bad(
    "new QEMU, but a libvirt that would have listed it",
    "TEAM001",
    vm(edit(PLAIN, (TRANSIENT, f"{TRANSIENT} <!-- TEAM001 -->")), STANDBY),
    *(DEFINE, ERROR, "virtio-net.failover"),
    run=on(host(qemu="6.0.0", libvirt="8.6.0")),
)
bad(
    "one of many hosts",
    "TEAM001",
    vm(MARKED_STANDBY["TEAM001"], POOLED),
    *(DEFINE, ERROR, "virtio-net.failover"),
    run=on(NEW_HOST, OLD, host("virtio-net.failover", qemu="5.2.0", libvirt="7.0.0", name="debian")),
)
near("flag listed", "TEAM001", vm(PAIR), on(host("virtio-net.failover", qemu="4.2.0", libvirt="6.1.0")))
near("flag retired", "TEAM001", vm(PAIR), on(host(qemu="4.2.0", libvirt="9.0.0")))
near("no teaming", "TEAM001", vm(edit(STANDBY, (PERSISTENT, ""))), on(OLD))
near(
    "an empty teaming, which libvirt drops",
    "TEAM001",
    vm(edit(STANDBY, (PERSISTENT, "<teaming/>"))),
    on(OLD),
    ("TEAM011",),
)

SNAPSHOT = host(qemu="4.2.0", libvirt="9.0.0", package="v4.1.0-2221-g36609b4fa3", name="snapshot")
bad(
    "snapshot of before 4.2",
    "TEAM002",
    vm(MARKED_STANDBY["TEAM002"], ASSIGNED),
    *(NOTED, NOTE, "virtio-net.failover"),
    run=on(SNAPSHOT),
)
bad(
    "nothing to tell the age of the file by",
    "TEAM002",
    vm(MARKED_STANDBY["TEAM002"], POOLED),
    *(NOTED, NOTE, "virtio-net.failover", "/var/cache/libvirt/qemu/capabilities"),
    run=on(host(qemu="5.0.0", libvirt="0.0.0")),
)
near("release 4.2", "TEAM002", vm(PAIR), on(host(qemu="4.2.0", libvirt="9.0.0", package="v4.2.0")))
near("old QEMU: that is TEAM001", "TEAM002", vm(PAIR), on(OLD), ("TEAM001",))

bad(
    "libvirt before 6.1.0",
    "TEAM003",
    vm(MARKED_STANDBY["TEAM003"], POOLED),
    *(BROKEN, ERROR, "6.0.0", "6.1.0"),
    run=Run(libvirt="6.0.0"),
)
bad(
    "the host's own libvirt, and an old QEMU: not TEAM001 too",
    "TEAM003",
    vm(MARKED_STANDBY["TEAM003"], ASSIGNED),
    *(BROKEN, ERROR, "5.9.0", "6.1.0"),
    run=on(host(qemu="4.1.0", libvirt="5.9.0")),
)
bad(
    "plain hostdev before 7.1.0",
    "TEAM003",
    vm(STANDBY, edit(PLAIN, (TRANSIENT, f"{TRANSIENT} <!-- TEAM003 -->"))),
    *(BROKEN, ERROR, "7.0.0", "7.1.0", "<interface type='hostdev'>"),
    run=Run(libvirt="7.0.0"),
)
near("libvirt 6.1.0", "TEAM003", vm(PAIR), Run(libvirt="6.1.0"))
near("interface before 7.1.0", "TEAM003", vm(STANDBY, ASSIGNED), Run(libvirt="7.0.0"))
near("plain hostdev with 7.1.0", "TEAM003", vm(STANDBY, PLAIN), Run(libvirt="7.1.0"))
near("libvirt not known", "TEAM003", vm(STANDBY, PLAIN))

# --- TEAM010 to TEAM014: one <teaming> ---

for value in ("standby", "none", "Persistent", "failover", "primary"):
    bad(
        f"type {value} on the virtio interface",
        "TEAM010",
        vm(edit(STANDBY, (PERSISTENT, f"<teaming type='{value}'/> <!-- TEAM010 @type -->")), POOLED),
        *(DEFINE, ERROR, f"'{value}'", "type='persistent'"),
    )
for form, device in TRANSIENTS.items():
    bad(
        f"type primary, {form}",
        "TEAM010",
        vm(
            STANDBY,
            edit(device, (TRANSIENT, "<teaming type='primary' persistent='ua-uplink'/> <!-- TEAM010 @type -->")),
        ),
        *(DEFINE, ERROR, "'primary'", "type='transient'"),
    )
    bad(
        f"partner but no type, {form}",
        "TEAM010",
        vm(STANDBY, edit(device, (TRANSIENT, "<teaming persistent='ua-uplink'/> <!-- TEAM010 -->"))),
        *(DEFINE, ERROR, "'ua-uplink'", "type='transient'"),
    )
    bad(
        f"partner and an empty type, {form}",
        "TEAM010",
        vm(STANDBY, edit(device, (TRANSIENT, "<teaming type='' persistent='ua-uplink'/> <!-- TEAM010 -->"))),
        *(DEFINE, ERROR, "'ua-uplink'", "type='transient'"),
    )
near(
    "a second teaming in the device is not read",
    "TEAM010",
    vm(edit(STANDBY, (PERSISTENT, f"{PERSISTENT}<teaming type='standby'/>")), POOLED),
)
near(
    "a teaming of another namespace",
    "TEAM010",
    vm(put(STANDBY, "<x:teaming xmlns:x='urn:x' type='standby'/>"), POOLED),
)

for written in ("<teaming/>", "<teaming type=''/>", "<teaming persistent=''/>", "<teaming mode='persistent'/>"):
    bad(
        f"{written} on the virtio interface",
        "TEAM011",
        vm(edit(STANDBY, (PERSISTENT, f"{written} <!-- TEAM011 -->")), POOLED),
        *(BROKEN, ERROR, "<teaming type='persistent'/>"),
    )
bad(
    "on the assigned device",
    "TEAM011",
    vm(STANDBY, edit(ASSIGNED, (TRANSIENT, "<teaming/> <!-- TEAM011 -->"))),
    *(BROKEN, ERROR, "<teaming type='transient' persistent='ua-uplink'/>"),
)
near("only a type", "TEAM011", vm(PAIR))

for form, device in TRANSIENTS.items():
    for written in ("<teaming type='transient'/>", "<teaming type='transient' persistent=''/>"):
        bad(
            f"{written}, {form}",
            "TEAM012",
            vm(STANDBY, edit(device, (TRANSIENT, f"{written} <!-- TEAM012 -->"))),
            *(DEFINE, ERROR, "persistent='ua-uplink'"),
        )
bad(
    "of two pairs, the one meant is found by MAC",
    "TEAM012",
    vm(
        STANDBY,
        second(STANDBY),
        second(edit(POOLED, (TRANSIENT, "<teaming type='transient'/> <!-- TEAM012 -->"))),
        ASSIGNED,
    ),
    *(DEFINE, ERROR, "persistent='ua-storage'"),
)
bad(
    "the persistent interface has no alias yet",
    "TEAM012",
    vm(
        edit(STANDBY, ("  <alias name='ua-uplink'/>\n", "")),
        edit(ASSIGNED, (TRANSIENT, "<teaming type='transient'/> <!-- TEAM012 -->")),
    ),
    *(DEFINE, ERROR, "<alias name='ua-standby'/>", "persistent='ua-standby'"),
    forms=DEFINITIONS,
)
near("partner named", "TEAM012", vm(STANDBY, ASSIGNED))

NAMING = "<teaming type='persistent' persistent='ua-vf'/> <!-- TEAM013 @persistent -->"
bad(
    "the virtio interface names the assigned one",
    "TEAM013",
    vm(edit(STANDBY, (PERSISTENT, NAMING)), POOLED),
    *(DEFINE, ERROR, "'ua-vf'", "remove the attribute persistent"),
)
near("an empty name", "TEAM013", vm(edit(STANDBY, (PERSISTENT, "<teaming type='persistent' persistent=''/>")), POOLED))

PIECES = "<teaming type='transient'/> <!-- TEAM014 -->\n  <teaming persistent='ua-uplink'/> <!-- TEAM014 -->"
for form, device in TRANSIENTS.items():
    bad(
        f"{form} device with its type and its partner apart",
        "TEAM014",
        vm(STANDBY, edit(device, (TRANSIENT, PIECES))),
        *(NOTED, NOTE, "as one: persistent", "one <teaming>"),
    )
near(
    "a second <teaming> with nothing new",
    "TEAM014",
    vm(STANDBY, edit(POOLED, (TRANSIENT, f"{TRANSIENT}\n  <teaming type='persistent'/>"))),
)

# --- TEAM020 to TEAM027: which devices ---

bad(
    "persistent plain hostdev",
    "TEAM020",
    vm(STANDBY, edit(PLAIN, (TRANSIENT, "<teaming type='persistent'/> <!-- TEAM020 @type -->"))),
    *(DEFINE, ERROR, "<teaming type='transient' persistent='ua-uplink'/>"),
)
near("transient plain hostdev", "TEAM020", vm(STANDBY, PLAIN))

for name, opening in {
    "usb": "<hostdev mode='subsystem' type='usb'>",
    "mdev": "<hostdev mode='subsystem' type='mdev' model='vfio-pci'>",
    "no mode": "<hostdev type='scsi_host' protocol='vhost'>",
    "net capability": "<hostdev mode='capabilities' type='net'>",
}.items():
    bad(
        name,
        "TEAM021",
        vm(
            STANDBY,
            edit(
                PLAIN,
                ("<hostdev mode='subsystem' type='pci' managed='yes'>", opening),
                (TRANSIENT, f"{TRANSIENT} <!-- TEAM021 -->"),
            ),
        ),
        *(DEFINE, ERROR, "mode='subsystem' type='pci'"),
    )
near("no mode is subsystem", "TEAM021", vm(STANDBY, edit(PLAIN, ("mode='subsystem' ", ""))))

for name, opening, source in (
    ("bridge", "<interface type='bridge'>", "<source bridge='br-lab'/>"),
    ("direct", "<interface type='direct'>", "<source dev='enp59s0f0' mode='passthrough'/>"),
    ("ethernet", "<interface type='ethernet'>", "<target dev='tap7'/>"),
    ("vdpa", "<interface type='vdpa'>", "<source dev='/dev/vhost-vdpa-0'/>"),
    ("user", "<interface type='user'>", "<backend type='passt'/>"),
):
    bad(
        name,
        "TEAM022",
        vm(
            STANDBY,
            edit(
                POOLED,
                ("<interface type='network'>", opening),
                ("<source network='vf-pool'/>", source),
                (TRANSIENT, f"{TRANSIENT} <!-- TEAM022 -->"),
            ),
        ),
        *(DEFINE, ERROR, f"'{name}'", "<interface type='hostdev'>", "<forward mode='hostdev'>"),
    )
near("interface of type hostdev", "TEAM022", vm(STANDBY, ASSIGNED))

BRIDGED_POOL = Run(networks=(BRIDGED_NETWORK,))
bad(
    "the network is a bridge",
    "TEAM023",
    vm(STANDBY, edit(POOLED, (TRANSIENT, f"{TRANSIENT} <!-- TEAM023 -->"))),
    *(START, ERROR, "'vf-pool'", "<forward mode='hostdev'>"),
    run=BRIDGED_POOL,
)
bad(
    "the network has no forward at all",
    "TEAM023",
    vm(STANDBY, edit(POOLED, (TRANSIENT, f"{TRANSIENT} <!-- TEAM023 -->"))),
    *(START, ERROR, "'vf-pool'"),
    run=Run(networks=("<network><name>vf-pool</name></network>",)),
)
bad(
    "the network is not given: a note",
    "TEAM023",
    vm(STANDBY, edit(POOLED, ("<source network='vf-pool'/>", "<source network='vf-pool'/> <!-- TEAM023 @network -->"))),
    *(NOTED, NOTE, "'vf-pool'", "--network", "virsh net-dumpxml vf-pool"),
    run=Run(networks=()),
)
near("a hostdev pool", "TEAM023", vm(PAIR))
near("no network at all", "TEAM023", vm(STANDBY, ASSIGNED), Run(networks=()))

for model in ("e1000e", "rtl8139", "igb", "netfront", "pcnet"):
    bad(
        model,
        "TEAM024",
        vm(edit(STANDBY, (MODEL, f"<model type='{model}'/> <!-- TEAM024 @type -->")), ASSIGNED),
        *(DEFINE, ERROR, f"'{model}'", "<model type='virtio'/>"),
    )
NO_MODEL = edit(STANDBY, (f"  {MODEL}\n", ""), (PERSISTENT, f"{PERSISTENT} <!-- TEAM024 -->"))
bad("none, on x86", "TEAM024", vm(NO_MODEL, POOLED), DEFINE, ERROR, "'rtl8139'", "<model type='virtio'/>")
bad("none, a host with rtl8139", "TEAM024", vm(NO_MODEL, POOLED), DEFINE, ERROR, "'rtl8139'", run=on(NEW_HOST))
for model in ("virtio", "virtio-transitional", "virtio-non-transitional", "VirtIO"):
    near(model, "TEAM024", vm(edit(STANDBY, (MODEL, f"<model type='{model}'/>")), ASSIGNED))
UNMARKED_NO_MODEL = edit(STANDBY, (f"  {MODEL}\n", ""))
near("none, on aarch64 virt", "TEAM024", vm(UNMARKED_NO_MODEL, POOLED, arch="aarch64", machine="virt"))
near(
    "none, on riscv64 virt of a host",
    "TEAM024",
    vm(UNMARKED_NO_MODEL, POOLED, arch="riscv64", machine="virt"),
    on(host(arch="riscv64")),
)
near("none, and nothing known of the machine", "TEAM024", vm(UNMARKED_NO_MODEL, POOLED, arch=None, machine=None))

ASSIGNED_PERSISTENT = edit(ASSIGNED, (TRANSIENT, f"{PERSISTENT} <!-- TEAM025 -->"))
bad(
    "both on assigned devices",
    "TEAM025",
    vm(put(ASSIGNED_PERSISTENT, "<alias name='ua-uplink'/>"), POOLED),
    DEFINE,
    ERROR,
    "hostdev",
)
bad("beside the right one", "TEAM025", vm(STANDBY, ASSIGNED_PERSISTENT), DEFINE, ERROR, "transient")
bad(
    "with a virtio model",
    "TEAM025",
    vm(STANDBY, put(ASSIGNED_PERSISTENT, MODEL)),
    *(BROKEN, ERROR, "failover=on"),
)
bad(
    "on a hostdev pool",
    "TEAM025",
    vm(STANDBY, edit(POOLED, (TRANSIENT, f"{PERSISTENT} <!-- TEAM025 -->"))),
    *(BROKEN, ERROR, "'vf-pool'"),
)
near(
    "on a network that is a bridge",
    "TEAM025",
    vm(edit(STANDBY, ("type='bridge'", "type='network'"), ("bridge='br-prod'", "network='vf-pool'")), ASSIGNED),
    BRIDGED_POOL,
)

for driver in ("kvm", "xen"):
    for form, device in TRANSIENTS.items():
        bad(
            f"{driver}, {form}",
            "TEAM026",
            vm(STANDBY, put(device, f"<driver name='{driver}'/> <!-- TEAM026 @name -->")),
            DEFINE if form == "pooled" else START,
            ERROR,
            f"'{driver}'",
            "remove <driver" if form == "pooled" else "<driver name='vfio'/>",
        )
near("vfio", "TEAM026", vm(STANDBY, put(ASSIGNED, "<driver name='vfio'/>")))
bad(
    "vfio, pooled",
    "TEAM026",
    vm(STANDBY, put(POOLED, "<driver name='vfio'/> <!-- TEAM026 @name -->")),
    *(DEFINE, ERROR, "'vfio'", "remove <driver"),
)
near("qemu, pooled", "TEAM026", vm(STANDBY, put(POOLED, "<driver name='qemu' queues='4'/>")))
near("an iommu option without a name", "TEAM026", vm(STANDBY, put(ASSIGNED, "<driver iommu='on'/>")))

for kind in ("xen", "lxc", "vz", "bhyve", "test"):
    bad(
        kind,
        "TEAM027",
        vm(edit(STANDBY, (PERSISTENT, f"{PERSISTENT} <!-- TEAM027 -->")), ASSIGNED, kind=kind),
        *(BROKEN, ERROR, f"'{kind}'", "type='kvm'"),
    )
for kind in ("kvm", "qemu", "hvf"):
    near(kind, "TEAM027", vm(PAIR, kind=kind))

# --- TEAM030 to TEAM038: which two ---

NAMELESS = edit(STANDBY, ("  <alias name='ua-uplink'/>\n", ""), (PERSISTENT, f"{PERSISTENT} <!-- TEAM030 -->"))
for form, device in TRANSIENTS.items():
    bad(
        f"by a generated alias, {form}",
        "TEAM030",
        vm(NAMELESS, edit(device, ("persistent='ua-uplink'", "persistent='net1'"))),
        *(BROKEN, ERROR, "'net1'", "<alias name='ua-standby'/>", "persistent='ua-standby'"),
        forms=DEFINITIONS,
    )
for form, device in (("pooled", POOLED), ("assigned", ASSIGNED)):
    bad(
        f"by the MAC address, {form}",
        "TEAM030",
        vm(NAMELESS, device),
        *(BROKEN, ERROR, "'ua-uplink'", "<alias name='ua-uplink'/>"),
        forms=DEFINITIONS,
    )
bad(
    "the other pair is right",
    "TEAM030",
    vm(second(STANDBY), NAMELESS, second(POOLED), ASSIGNED),
    *(BROKEN, ERROR, "<alias name='ua-uplink'/>"),
    forms=DEFINITIONS,
)
near("it has an alias", "TEAM030", vm(STANDBY, ASSIGNED))

for alias, fitting in {
    "uplink": "ua-uplink",
    "net1": "ua-net1",
    "UA-uplink": "ua-UA-uplink",
    "ua-up link": "ua-up-link",
    "ua-uplink.0": "ua-uplink-0",
    "ua-é": "ua-net",
}.items():
    for form, device in TRANSIENTS.items():
        bad(
            f"{alias}, {form}",
            "TEAM031",
            vm(
                edit(STANDBY, ("<alias name='ua-uplink'/>", f"<alias name='{alias}'/> <!-- TEAM031 @name -->")),
                edit(device, ("persistent='ua-uplink'", f"persistent='{alias}'")),
            ),
            *(BROKEN, ERROR, f"'{alias}'", f"<alias name='{fitting}'/>", f"persistent='{fitting}'"),
        )
for form, device in TRANSIENTS.items():
    bad(
        f"the prefix is missing on one side only, {form}",
        "TEAM031",
        vm(edit(STANDBY, ("<alias name='ua-uplink'/>", "<alias name='uplink'/> <!-- TEAM031 @name -->")), device),
        *(BROKEN, ERROR, "'uplink'", "<alias name='ua-uplink'/>"),
    )
for alias in ("ua-uplink_0-A", "ua-7", "ua-"):
    near(
        alias,
        "TEAM031",
        vm(
            edit(STANDBY, ("<alias name='ua-uplink'/>", f"<alias name='{alias}'/>")),
            edit(POOLED, ("persistent='ua-uplink'", f"persistent='{alias}'")),
        ),
    )
near(
    "a generated alias elsewhere",
    "TEAM031",
    vm(PAIR, "<watchdog model='itco'>\n  <alias name='watchdog0'/>\n</watchdog>\n"),
)

OTHER_NIC = "<interface type='bridge'>\n  <source bridge='br-mgmt'/>\n  <model type='virtio'/>\n</interface>\n"
DUPLICATE = "<alias name='ua-uplink'/> <!-- TEAM032 @name -->"
bad("another interface", "TEAM032", vm(PAIR, put(OTHER_NIC, DUPLICATE)), DEFINE, ERROR, "'ua-uplink'", "'ua-uplink-2'")
bad(
    "a disk of all things",
    "TEAM032",
    vm(
        PAIR,
        "<disk type='file' device='disk'>\n  <source file='/srv/a.img'/>\n  <target dev='vdb' bus='virtio'/>\n"
        f"  {DUPLICATE}\n</disk>\n",
    ),
    *(DEFINE, ERROR, "'ua-uplink'", "disk"),
)
SERIAL = "<serial type='pty'>\n  <target port='1'/>\n  <alias name='ua-tty'/>\n</serial>\n"
CONSOLE = "<console type='pty'>\n  <target type='serial' port='1'/>\n  <alias name='ua-tty'/>\n</console>\n"
near("console and serial of live XML", "TEAM032", vm(PAIR, SERIAL, CONSOLE))
near("different aliases", "TEAM032", vm(PAIR, put(OTHER_NIC, "<alias name='ua-uplink2'/>")))

for name in ("ua-uplnik", "uplink", "ua-Uplink", "ua-uplink ", "net7", "hostdev0x"):
    for form, device in TRANSIENTS.items():
        bad(
            f"{name}, {form}",
            "TEAM033",
            vm(
                STANDBY,
                edit(
                    device, (TRANSIENT, f"<teaming type='transient' persistent='{name}'/> <!-- TEAM033 @persistent -->")
                ),
            ),
            *(BROKEN, ERROR, f"'{name}'", "persistent='ua-uplink'"),
        )
MISSPELT = "<teaming type='transient' persistent='ua-uplnik'/> <!-- TEAM033 @persistent -->"
bad(
    "two pairs: the one meant is found by MAC",
    "TEAM033",
    vm(STANDBY, second(STANDBY), second(edit(ASSIGNED, (TRANSIENT, MISSPELT))), POOLED),
    *(BROKEN, ERROR, "'ua-uplnik'", "persistent='ua-storage'"),
)
bad(
    "a standby that nobody teamed",
    "TEAM033",
    vm(edit(STANDBY, (f"  {PERSISTENT}\n", "")), edit(ASSIGNED, (TRANSIENT, MISSPELT))),
    *(BROKEN, ERROR, "<teaming type='persistent'/>", "persistent='ua-uplink'"),
)
bad(
    "a standby that has neither teaming nor alias",
    "TEAM033",
    vm(
        edit(STANDBY, (f"  {PERSISTENT}\n  <alias name='ua-uplink'/>\n", "")),
        edit(ASSIGNED, (TRANSIENT, f"{TRANSIENT} <!-- TEAM033 @persistent -->")),
    ),
    *(BROKEN, ERROR, "<teaming type='persistent'/>", "<alias name='ua-uplink'/>"),
)
bad(
    "nothing that could be meant",
    "TEAM033",
    vm(edit(ASSIGNED, (TRANSIENT, f"{TRANSIENT} <!-- TEAM033 @persistent -->"))),
    *(BROKEN, ERROR, "'ua-uplink'", "<teaming type='persistent'/>"),
)
near("the order of the two does not matter", "TEAM033", vm(ASSIGNED, STANDBY))

for form, device in TRANSIENTS.items():
    bad(
        form,
        "TEAM034",
        vm(
            STANDBY,
            edit(
                put(device, "<alias name='ua-vf'/>"),
                (TRANSIENT, "<teaming type='transient' persistent='ua-vf'/> <!-- TEAM034 @persistent -->"),
            ),
        ),
        *(BROKEN, ERROR, "'ua-vf'", "persistent='ua-uplink'"),
    )
near("an alias of its own, and another name", "TEAM034", vm(STANDBY, put(ASSIGNED, "<alias name='ua-vf'/>")))

UNTEAMED = edit(STANDBY, (f"  {PERSISTENT}\n", ""))
for form, device in TRANSIENTS.items():
    bad(
        f"no teaming there, {form}",
        "TEAM035",
        vm(UNTEAMED, edit(device, (TRANSIENT, f"{TRANSIENT} <!-- TEAM035 @persistent -->"))),
        *(BROKEN, ERROR, "'ua-uplink'", "add <teaming type='persistent'/>"),
    )
TO_DISK = "<teaming type='transient' persistent='ua-data'/> <!-- TEAM035 @persistent -->"
DISK = (
    "<disk type='file' device='disk'>\n  <source file='/srv/a.img'/>\n  <target dev='vdb' bus='virtio'/>\n"
    "  <alias name='ua-data'/>\n</disk>\n"
)
bad(
    "a disk",
    "TEAM035",
    vm(STANDBY, DISK, edit(POOLED, (TRANSIENT, TO_DISK))),
    BROKEN,
    ERROR,
    "disk 'ua-data'",
    "persistent='ua-uplink'",
)
bad(
    "another transient",
    "TEAM035",
    vm(
        STANDBY,
        put(POOLED, "<alias name='ua-vf'/>"),
        second(STANDBY),
        edit(
            second(ASSIGNED),
            ("persistent='ua-storage'/>", "persistent='ua-vf'/> <!-- TEAM035 @persistent -->"),
        ),
    ),
    *(BROKEN, ERROR, "'ua-vf'", "persistent='ua-storage'"),
)
near("a persistent one", "TEAM035", vm(STANDBY, PLAIN))

SHARING = (TRANSIENT, f"{TRANSIENT} <!-- TEAM036 @persistent -->")
OTHER_VF = ("slot='0x0a' function='0x2'", "slot='0x0a' function='0x4'")
bad(
    "pooled and assigned",
    "TEAM036",
    vm(STANDBY, POOLED, edit(ASSIGNED, SHARING)),
    START,
    ERROR,
    "'ua-uplink'",
    "'ua-uplink-2'",
)
bad("assigned and plain", "TEAM036", vm(STANDBY, ASSIGNED, edit(PLAIN, SHARING)), START, ERROR, "'ua-uplink'")
bad(
    "three",
    "TEAM036",
    vm(STANDBY, POOLED, edit(ASSIGNED, SHARING), edit(ASSIGNED, SHARING, OTHER_VF)),
    *(START, ERROR, "'ua-uplink'"),
)
bad(
    "copied from the other pair",
    "TEAM036",
    vm(STANDBY, second(STANDBY), ASSIGNED, edit(PLAIN, SHARING)),
    *(START, ERROR, "persistent='ua-storage'"),
    also=("TEAM037",),
)
near("two pairs", "TEAM036", vm(STANDBY, POOLED, second(STANDBY), second(ASSIGNED)))

UNPAIRED = (PERSISTENT, f"{PERSISTENT} <!-- TEAM037 -->")
bad("no assigned device", "TEAM037", vm(edit(STANDBY, UNPAIRED)), BROKEN, ERROR, "ua-uplink", "persistent='ua-uplink'")
bad(
    "the assigned device is not teamed",
    "TEAM037",
    vm(edit(STANDBY, UNPAIRED), edit(ASSIGNED, (f"  {TRANSIENT}\n", ""))),
    *(BROKEN, ERROR, "persistent='ua-uplink'"),
    also=("TEAM043", "TEAM080"),
)
bad(
    "one of two",
    "TEAM037",
    vm(second(edit(STANDBY, UNPAIRED)), STANDBY, ASSIGNED),
    *(BROKEN, ERROR, "persistent='ua-storage'"),
)
bad(
    "without an alias",
    "TEAM037",
    vm(edit(STANDBY, UNPAIRED, ("  <alias name='ua-uplink'/>\n", ""))),
    *(BROKEN, ERROR, "persistent='ua-standby'", "<alias name='ua-standby'/>"),
)
near("paired", "TEAM037", vm(PAIR))
near(
    "its transient is misspelt: that is TEAM033",
    "TEAM037",
    vm(STANDBY, edit(ASSIGNED, ("persistent='ua-uplink'", "persistent='ua-uplnik'"))),
    also=("TEAM033",),
)

for name, address in {
    "hexadecimal": "<address domain='0x0000' bus='0x3b' slot='0x0a' function='0x2'/>",
    "decimal": "<address type='pci' domain='0' bus='59' slot='10' function='2'/>",
    "octal": "<address type='pci' bus='073' slot='012' function='02'/>",
    "upper case": "<address type='pci' domain='0X0' bus='0X3B' slot='0XA' function='0X2'/>",
    "no domain": "<address bus='0x3b' slot='0xa' function='2'/>",
}.items():
    bad(
        name,
        "TEAM038",
        vm(
            STANDBY,
            ASSIGNED,
            second(STANDBY),
            edit(
                PLAIN,
                ("<address domain='0x0000' bus='0x3b' slot='0x0a' function='0x3'/>", f"{address} <!-- TEAM038 -->"),
                ("ua-uplink", "ua-storage"),
            ),
        ),
        *(DEFINE, ERROR, "0000:3b:0a.2"),
    )
BOTH = vm(
    STANDBY,
    ASSIGNED,
    second(STANDBY),
    edit(second(ASSIGNED), ("slot='0x0b' function='0x2'/>", "slot='0x0a' function='0x2'/> <!-- TEAM038 -->")),
)
bad("libvirt 9.0.0", "TEAM038", BOTH, DEFINE, ERROR, "0000:3b:0a.2", "refuses the definition", run=Run(libvirt="9.0.0"))
bad(
    "libvirt 7.0.0, at start",
    "TEAM038",
    BOTH,
    START,
    ERROR,
    "0000:3b:0a.2",
    "refuses to start",
    run=Run(libvirt="7.0.0"),
)
near(
    "bus 10 is not bus 0x10",
    "TEAM038",
    vm(
        STANDBY,
        edit(ASSIGNED, ("bus='0x3b'", "bus='10'")),
        second(STANDBY),
        edit(second(ASSIGNED), ("slot='0x0b'", "slot='0x0a'"), ("bus='0x3b'", "bus='0x10'")),
    ),
)
near(
    "slot 0a is no number to libvirt",
    "TEAM038",
    vm(
        STANDBY,
        edit(ASSIGNED, ("slot='0x0a'", "slot='0a'")),
        second(STANDBY),
        edit(second(ASSIGNED), ("slot='0x0b'", "slot='0a'")),
    ),
)
near(
    "a third domain",
    "TEAM038",
    vm(STANDBY, ASSIGNED, second(STANDBY), edit(second(ASSIGNED), ("domain='0x0000'", "domain='1'"), ("0x0b", "0x0a"))),
)
USB = "<hostdev mode='subsystem' type='usb'>\n  <source>\n    <address bus='1' device='{}'/>\n  </source>\n</hostdev>\n"
SCSI = (
    "<hostdev mode='subsystem' type='scsi'>{}\n  <source>\n    <adapter name='scsi_host0'/>\n"
    "    <address bus='0' target='0' unit='{}'/>\n  </source>\n</hostdev>\n"
)
near("USB devices of one bus", "TEAM038", vm(PAIR, USB.format(2), USB.format(3)))
near("SCSI units of one bus", "TEAM038", vm(PAIR, SCSI.format("", 1), SCSI.format("", 2)), also=("TEAM080",))

# --- TEAM040 to TEAM043: MAC addresses ---

for form, device in (("pooled", POOLED), ("assigned", ASSIGNED)):
    bad(
        f"different, {form}",
        "TEAM040",
        vm(STANDBY, edit(device, (MAC, "<mac address='52:54:00:1d:0e:a4'/> <!-- TEAM040 @address -->"))),
        *(BROKEN, ERROR, "52:54:00:1d:0e:a4", "<mac address='52:54:00:1d:0e:4a'/>"),
    )
    bad(
        f"none on the assigned one, {form}",
        "TEAM040",
        vm(
            STANDBY,
            edit(device, (f"  {MAC}\n", "")).replace(">\n", "> <!-- TEAM040 -->\n", 1),
        ),
        *(BROKEN, ERROR, "52:54:00:1d:0e:4a"),
    )
    bad(
        f"none on the virtio one, {form}",
        "TEAM040",
        vm(edit(STANDBY, (f"  {MAC}\n", "")), edit(device, (MAC, f"{MAC} <!-- TEAM040 @address -->"))),
        *(BROKEN, ERROR, "52:54:00:1d:0e:4a"),
    )
for text in ("52:54:00:1D:0E:4A", "52:54:0:1d:e:4a"):
    near(text, "TEAM040", vm(STANDBY, edit(ASSIGNED, ("52:54:00:1d:0e:4a", text))))
near("a plain hostdev has none", "TEAM040", vm(STANDBY, PLAIN))
near("no MAC address at all", "TEAM040", vm(STANDBY, edit(ASSIGNED, ("52:54:00:1d:0e:4a", "not a mac"))))

CROSSED = vm(
    STANDBY,
    second(STANDBY),
    edit(POOLED, (MAC, "<mac address='52:54:00:1D:0E:4B'/>")),
    edit(
        second(ASSIGNED),
        ("<mac address='52:54:00:1d:0e:4b'/>", "<mac address='52:54:00:1d:0e:4a'/> <!-- TEAM041 @address -->"),
    ),
)
bad("two pairs", "TEAM041", CROSSED, BROKEN, ERROR, "persistent='ua-uplink'", "persistent='ua-storage'")
near(
    "three in a ring are three TEAM040",
    "TEAM041",
    vm(
        STANDBY,
        second(STANDBY),
        STANDBY.replace("4a", "4c").replace("uplink", "third"),
        edit(POOLED, (MAC, "<mac address='52:54:00:1d:0e:4b'/>")),
        edit(second(POOLED), ("4b", "4c")),
        POOLED.replace("uplink", "third"),
    ),
    also=("TEAM040",),
)
near("two pairs as they should be", "TEAM041", vm(STANDBY, second(STANDBY), second(POOLED), POOLED))

bad(
    "plain hostdev",
    "TEAM042",
    vm(STANDBY, edit(PLAIN, (TRANSIENT, f"{TRANSIENT} <!-- TEAM042 -->"))),
    *(NOTED, NOTE, "52:54:00:1d:0e:4a"),
)
near("assigned interface", "TEAM042", vm(STANDBY, ASSIGNED))
near("pooled interface", "TEAM042", vm(PAIR))

SAME_MAC = f"{MAC} <!-- TEAM043 @address -->"
for form, device in TRANSIENTS.items():
    bad(
        f"a third interface, {form}",
        "TEAM043",
        vm(STANDBY, device, put(OTHER_NIC, SAME_MAC.replace("1d:0e", "1D:E"))),
        *(BROKEN, WARNING, "52:54:00:1d:0e:4a"),
    )
bad(
    "a second pair copied with its address",
    "TEAM043",
    vm(
        STANDBY,
        POOLED,
        STANDBY.replace("ua-uplink", "ua-storage").replace(MAC, SAME_MAC),
        second(ASSIGNED).replace("0e:4b", "0e:4a"),
    ),
    *(BROKEN, WARNING, "52:54:00:1d:0e:4a"),
)
near("a third with another", "TEAM043", vm(PAIR, put(OTHER_NIC, "<mac address='52:54:00:1d:0e:4c'/>")))

# --- TEAM050 to TEAM058: where the assigned device is plugged in ---

NOT_EXPRESS = (TRANSIENT, f"{TRANSIENT} <!-- TEAM050 -->")
for machine, better in {
    "pc": "'q35'",
    "pc-i440fx-6.2": "'pc-q35-6.2'",
    "pc-i440fx-2.1": "'q35'",
    "pc-i440fx-jammy": "'q35'",
    "pc-1.2": "'q35'",
}.items():
    for form, device in TRANSIENTS.items():
        bad(
            f"{machine}, {form}",
            "TEAM050",
            vm(STANDBY, edit(device, NOT_EXPRESS), machine=machine),
            *(BROKEN, ERROR, f"'{machine}'", f"machine={better}"),
        )
bad(
    "an alias of the host",
    "TEAM050",
    vm(STANDBY, edit(ASSIGNED, NOT_EXPRESS), machine="ubuntu"),
    *(BROKEN, ERROR, "'ubuntu'", "machine='q35'"),
    run=on(host(machines="pc-i440fx-noble=ubuntu pc-q35-noble=ubuntu-q35")),
)
bad(
    "the host's default",
    "TEAM050",
    vm(STANDBY, edit(POOLED, NOT_EXPRESS), machine=None),
    *(BROKEN, ERROR, "pc-i440fx-8.2", "machine='q35'"),
    run=on(NEW_HOST),
)
bad(
    "the host's default, and its architecture",
    "TEAM050",
    vm(STANDBY, edit(PLAIN, NOT_EXPRESS), machine=None, arch=None, kind="qemu"),
    *(BROKEN, ERROR, "pc-i440fx-8.2"),
    run=on(NEW_HOST),
)
bad(
    "versatilepb",
    "TEAM050",
    vm(STANDBY, edit(ASSIGNED, NOT_EXPRESS), arch="aarch64", machine="versatilepb"),
    *(BROKEN, ERROR, "machine='virt'"),
)
bad(
    "sparc64",
    "TEAM050",
    vm(STANDBY, edit(ASSIGNED, NOT_EXPRESS), arch="sparc64", machine="sun4u"),
    BROKEN,
    ERROR,
    "sparc64",
    "remove <teaming>",
)
for model in ("pcie-to-pci-bridge", "dmi-to-pci-bridge", "pci-bridge"):
    bad(
        f"an address behind a {model}",
        "TEAM050",
        vm(
            ports(True, True),
            f"<controller type='pci' index='5' model='{model}'/>\n",
            STANDBY,
            put(
                ASSIGNED, "<address type='pci' domain='0x0000' bus='0x05' slot='0x02' function='0x0'/> <!-- TEAM050 -->"
            ),
        ),
        *(BROKEN, ERROR, model, "bus 5"),
    )
bad(
    "an address behind a bridge of a machine that is not known",
    "TEAM050",
    vm(
        "<controller type='pci' index='3' model='pcie-to-pci-bridge'/>\n",
        STANDBY,
        put(POOLED, "<address type='pci' bus='3' slot='2'/> <!-- TEAM050 -->"),
        machine="ubuntu-q35",
    ),
    *(BROKEN, ERROR, "pcie-to-pci-bridge"),
)
near("no address on q35", "TEAM050", vm(STANDBY, ASSIGNED, machine="q35"))
near("no address on aarch64 virt", "TEAM050", vm(STANDBY, ASSIGNED, arch="aarch64", machine="virt-6.2"))
near("no address on riscv64 virt", "TEAM050", vm(STANDBY, ASSIGNED, arch="riscv64", machine="virt"))
near("no address on loongarch64 virt", "TEAM050", vm(STANDBY, ASSIGNED, arch="loongarch64", machine="virt"))
near(
    "an alias of the host for a q35",
    "TEAM050",
    vm(STANDBY, ASSIGNED, machine="ubuntu-q35"),
    on(host(machines="pc-i440fx-noble=ubuntu pc-q35-noble=ubuntu-q35")),
)
near(
    "the host's default is a q35",
    "TEAM050",
    vm(PAIR, machine=None),
    on(host(machines="pc-q35-9.0=q35 pc-i440fx-9.0=pc")),
)
near("no machine and no host", "TEAM050", vm(PAIR, machine=None))
near("an alias and no host", "TEAM050", vm(PAIR, machine="ubuntu"))
near("a port", "TEAM050", vm(ports(True), STANDBY, put(ASSIGNED, "<address type='pci' bus='1' slot='0'/>")))

NO_EXPRESS = (TRANSIENT, f"{TRANSIENT} <!-- TEAM051 -->")
for form, device in TRANSIENTS.items():
    for arch, machine in (("s390x", "s390-ccw-virtio"), ("ppc64", "pseries"), ("ppc64le", "pseries-rhel7.6.0")):
        bad(
            f"{machine}, {form}",
            "TEAM051",
            vm(STANDBY, edit(device, NO_EXPRESS), arch=arch, machine=machine),
            *(BROKEN, ERROR, arch, "remove <teaming>"),
        )
bad(
    "the default machine of a ppc64 host",
    "TEAM051",
    vm(STANDBY, edit(POOLED, NO_EXPRESS), arch="ppc64", machine=None),
    *(BROKEN, ERROR, "pseries-8.2"),
    run=on(host(arch="ppc64")),
)
bad(
    "s390x without a machine",
    "TEAM051",
    vm(STANDBY, edit(POOLED, NO_EXPRESS), arch="s390x", machine=None),
    BROKEN,
    ERROR,
    "s390x",
)
near("powernv", "TEAM051", vm(PAIR, arch="ppc64", machine="powernv9"))
near("aarch64", "TEAM051", vm(PAIR, arch="aarch64", machine="virt"), on(host(arch="aarch64")))

NO_PCI = (TRANSIENT, f"{TRANSIENT} <!-- TEAM052 -->")
for machine in ("microvm", "isapc"):
    for form, device in TRANSIENTS.items():
        bad(
            f"{machine}, {form}",
            "TEAM052",
            vm(STANDBY, edit(device, NO_PCI), machine=machine),
            *(DEFINE, ERROR, f"'{machine}'", "q35"),
        )
bad(
    "a machine of the host that has none",
    "TEAM052",
    vm(STANDBY, edit(ASSIGNED, NO_PCI), arch="riscv64", machine="spike"),
    *(DEFINE, ERROR, "'spike'", "virt"),
    run=on(host(arch="riscv64")),
)
near("a machine that no host tells of", "TEAM052", vm(PAIR, arch="riscv64", machine="sifive_u"))

for form, device in TRANSIENTS.items():
    for address in ("bus='0x00' slot='0x08' function='0x0'", "bus='0' slot='010'", "slot='8'"):
        bad(
            f"{address}, {form}",
            "TEAM053",
            vm(STANDBY, put(device, f"<address type='pci' {address}/> <!-- TEAM053 -->")),
            *(BROKEN, ERROR, "bus 0", "remove this <address>"),
        )
bad(
    "on virt, with a port to move to",
    "TEAM053",
    vm(
        ports(True),
        STANDBY,
        put(ASSIGNED, "<address type='pci' domain='0' bus='0' slot='9' function='0'/> <!-- TEAM053 -->"),
        arch="aarch64",
        machine="virt",
    ),
    *(BROKEN, ERROR, "bus='0x01' slot='0x00'"),
)
ROOT_COMPLEX = "<address type='pci' bus='0x00' slot='0x07'/>"
near("the persistent one there", "TEAM053", vm(put(STANDBY, ROOT_COMPLEX), ASSIGNED))
near(
    "an address of all zeros is none",
    "TEAM053",
    vm(STANDBY, put(ASSIGNED, "<address type='pci' domain='0' bus='0' slot='0'/>")),
)
near("a function alone is none", "TEAM053", vm(STANDBY, put(ASSIGNED, "<address type='pci' function='0x1'/>")))
near("bus 1", "TEAM053", vm(STANDBY, put(ASSIGNED, "<address type='pci' bus='1' slot='0'/>")))
near("08 is no number to libvirt", "TEAM053", vm(STANDBY, put(ASSIGNED, "<address type='pci' bus='0' slot='08'/>")))
near("on pc, that is TEAM050", "TEAM053", vm(STANDBY, put(ASSIGNED, ROOT_COMPLEX), machine="pc"), also=("TEAM050",))

for form, device in TRANSIENTS.items():
    bad(
        f"its own address, {form}",
        "TEAM054",
        vm(
            ports(True, False, True), STANDBY, put(device, "<address type='pci' bus='0x02' slot='0'/> <!-- TEAM054 -->")
        ),
        *(START, ERROR, "hotplug='off'", "bus 2", "bus='0x01'"),
    )
# libvirt fills the ports in this order: the interfaces (management, standby, the pooled one), the controllers for USB,
# SCSI and virtio-serial, the disk, then the assigned devices.
bad(
    "libvirt's choice, pooled",
    "TEAM054",
    vm(ports(True, True, False, True), STANDBY, edit(POOLED, (TRANSIENT, f"{TRANSIENT} <!-- TEAM054 -->"))),
    *(START, ERROR, "bus 3", "libvirt chooses", "bus='0x01'"),
)
for form, device in (("assigned", ASSIGNED), ("plain", PLAIN)):
    bad(
        f"libvirt's choice, {form}",
        "TEAM054",
        vm(ports(*[True] * 6, False), STANDBY, edit(device, (TRANSIENT, f"{TRANSIENT} <!-- TEAM054 -->"))),
        *(START, ERROR, "bus 7", "hotplug='off'"),
    )
    near(f"the port before, {form}", "TEAM054", vm(ports(*[True] * 5, False, True), STANDBY, device))
    near(f"the ports are used up, {form}", "TEAM054", vm(ports(*[True] * 5, False), STANDBY, device))
near("the others get them, pooled", "TEAM054", vm(ports(False, False, True, False), PAIR))
near(
    "on a host's machine",
    "TEAM054",
    vm(ports(True, False), STANDBY, put(PLAIN, "<address type='pci' bus='1' slot='0'/>")),
    on(NEW_HOST),
)

for form, device in TRANSIENTS.items():
    bad(
        f"function 3, {form}",
        "TEAM055",
        vm(STANDBY, put(device, "<address type='pci' bus='4' slot='0' function='0x3'/> <!-- TEAM055 @function -->")),
        *(BROKEN, ERROR, "function 3", "function='0x0'"),
    )
    bad(
        f"multifunction, {form}",
        "TEAM055",
        vm(
            STANDBY,
            put(device, "<address type='pci' bus='4' slot='0' multifunction='on'/> <!-- TEAM055 @multifunction -->"),
        ),
        *(BROKEN, ERROR, "multifunction"),
    )
near(
    "function 0",
    "TEAM055",
    vm(STANDBY, put(ASSIGNED, "<address type='pci' bus='4' slot='0' function='0' multifunction='off'/>")),
)
near("the host's function", "TEAM055", vm(STANDBY, edit(ASSIGNED, ("function='0x2'", "function='0x7'"))))
near(
    "multifunction of the persistent one",
    "TEAM055",
    vm(put(STANDBY, "<address type='pci' bus='4' slot='0' multifunction='on'/>"), ASSIGNED),
)
near("a function alone is no address", "TEAM055", vm(STANDBY, put(ASSIGNED, "<address type='pci' function='0x1'/>")))

FIRST_FUNCTION = "<address type='pci' bus='0x04' slot='0x00' function='0x0' multifunction='on'/>"
for form, device in TRANSIENTS.items():
    bad(
        f"another function, {form}",
        "TEAM056",
        vm(
            put(STANDBY, FIRST_FUNCTION),
            put(device, "<address type='pci' bus='4' slot='0' function='1'/> <!-- TEAM056 -->"),
        ),
        *(BROKEN, ERROR, "same PCI slot"),
    )
    bad(
        f"the very same address, {form}",
        "TEAM056",
        vm(
            put(STANDBY, "<address type='pci' domain='0x0000' bus='0x0a' slot='0x00' function='0x0'/>"),
            put(device, "<address type='pci' bus='10' slot='0' function='0'/> <!-- TEAM056 -->"),
        ),
        *(DEFINE, ERROR, "same PCI address"),
    )
near(
    "another bus",
    "TEAM056",
    vm(
        put(STANDBY, "<address type='pci' bus='0x10' slot='0x00'/>"),
        put(ASSIGNED, "<address type='pci' bus='10' slot='0x00'/>"),
    ),
)
near("only one has an address", "TEAM056", vm(put(STANDBY, FIRST_FUNCTION), ASSIGNED))

for model in ("rtl8139", "e1000", "vmxnet3", "virtio-transitional", "E1000"):
    bad(
        model,
        "TEAM057",
        vm(STANDBY, edit(POOLED, (MODEL, f"<model type='{model}'/> <!-- TEAM057 @type -->"))),
        *(BROKEN, ERROR, f"'{model}'", "<model type='virtio'/>"),
    )
WITHOUT_MODEL = edit(POOLED, (f"  {MODEL}\n", ""))
bad(
    "none, and the network is not given",
    "TEAM057",
    vm(STANDBY, edit(WITHOUT_MODEL, (TRANSIENT, f"{TRANSIENT} <!-- TEAM057 -->"))),
    *(BROKEN, WARNING, "'rtl8139'", "<model type='virtio'/>", "--network"),
    run=Run(networks=()),
)
for model in ("virtio", "virtio-non-transitional", "e1000e", "igb", "pcnet"):
    near(model, "TEAM057", vm(STANDBY, edit(POOLED, (MODEL, f"<model type='{model}'/>"))))
near("none, and the network is a pool", "TEAM057", vm(STANDBY, WITHOUT_MODEL))
near(
    "none, on aarch64 virt",
    "TEAM057",
    vm(STANDBY, WITHOUT_MODEL, arch="aarch64", machine="virt"),
    Run(networks=()),
)
near(
    "an address of its own",
    "TEAM057",
    vm(STANDBY, put(edit(POOLED, (MODEL, "<model type='e1000'/>")), "<address type='pci' bus='1' slot='0'/>")),
)
near("an assigned interface", "TEAM057", vm(STANDBY, put(ASSIGNED, "<model type='e1000'/>")))

RAMFB = ("managed='yes'>", "managed='yes' display='on' ramfb='on'> <!-- TEAM058 @ramfb -->")
bad("on", "TEAM058", vm(STANDBY, edit(PLAIN, RAMFB)), BROKEN, ERROR, "ramfb='on'")
near("off", "TEAM058", vm(STANDBY, edit(PLAIN, ("managed='yes'>", "managed='yes' ramfb='off'>"))))

# --- TEAM060 to TEAM064: what else is set ---

BANDWIDTH = (
    "<bandwidth>{}\n    <inbound average='1000000'/>\n    <outbound average='1000000' burst='2048'/>\n  </bandwidth>"
)
for form, device in (("pooled", POOLED), ("assigned", ASSIGNED)):
    bad(
        form,
        "TEAM060",
        vm(STANDBY, put(device, BANDWIDTH.format(" <!-- TEAM060 -->"))),
        *(START, ERROR, "persistent interface"),
    )
near("on the persistent one", "TEAM060", vm(put(STANDBY, BANDWIDTH.format("")), ASSIGNED))

VLAN = "<vlan>{}\n    <tag id='{}'/>\n  </vlan>"
TAGGED_POOL = VF_POOL.replace("</network>", "  <vlan><tag id='42'/></vlan>\n</network>")
for form, device in (("pooled", POOLED), ("assigned", ASSIGNED)):
    bad(
        f"only the assigned one, {form}",
        "TEAM061",
        vm(STANDBY, put(device, VLAN.format(" <!-- TEAM061 -->", 42))),
        *(BROKEN, WARNING, "VLAN 42", "no VLAN", "<vlan>"),
    )
    bad(
        f"different tags, {form}",
        "TEAM061",
        vm(put(STANDBY, VLAN.format("", 24)), put(device, VLAN.format(" <!-- TEAM061 -->", 42))),
        *(BROKEN, WARNING, "VLAN 42", "VLAN 24"),
    )
    bad(
        f"only the persistent one, {form}",
        "TEAM061",
        vm(put(STANDBY, VLAN.format("", 24)), edit(device, (TRANSIENT, f"{TRANSIENT} <!-- TEAM061 -->"))),
        *(BROKEN, WARNING, "VLAN 24"),
    )
    near(f"the same, {form}", "TEAM061", vm(put(STANDBY, VLAN.format("", 42)), put(device, VLAN.format("", "0x2a"))))
bad(
    "the pool's own",
    "TEAM061",
    vm(STANDBY, edit(POOLED, (TRANSIENT, f"{TRANSIENT} <!-- TEAM061 -->"))),
    *(BROKEN, WARNING, "VLAN 42"),
    run=Run(networks=(TAGGED_POOL,)),
)
near(
    "the pool's own and the same",
    "TEAM061",
    vm(put(STANDBY, VLAN.format("", 42)), POOLED),
    Run(networks=(TAGGED_POOL,)),
)
near(
    "a network that is not given",
    "TEAM061",
    vm(put(STANDBY, VLAN.format("", 42)), POOLED),
    Run(networks=()),
    also=("TEAM023",),
)

ISOLATED = "<port isolated='yes'/>"
bad(
    "hostdev",
    "TEAM062",
    vm(STANDBY, put(ASSIGNED, f"{ISOLATED} <!-- TEAM062 @isolated -->")),
    DEFINE,
    ERROR,
    "persistent interface",
)
near("no", "TEAM062", vm(STANDBY, put(ASSIGNED, "<port isolated='no'/>")))
near("the persistent one", "TEAM062", vm(put(STANDBY, ISOLATED), ASSIGNED))

BEHIND_NAT = edit(
    STANDBY,
    ("type='bridge'", "type='user'"),
    ("  <source bridge='br-prod'/>\n", ""),
    (PERSISTENT, f"{PERSISTENT} <!-- TEAM063 -->"),
)
for form, device in TRANSIENTS.items():
    bad(f"slirp, {form}", "TEAM063", vm(BEHIND_NAT, device), BROKEN, WARNING, "'user'", "type='bridge'")
bad("passt", "TEAM063", vm(put(BEHIND_NAT, "<backend type='passt'/>"), ASSIGNED), BROKEN, WARNING, "'user'")
bad(
    "passt behind vhost-user",
    "TEAM063",
    vm(put(edit(BEHIND_NAT, ("type='user'", "type='vhostuser'")), "<backend type='passt'/>"), ASSIGNED),
    *(BROKEN, WARNING, "passt"),
)
for kind in ("bridge", "direct", "ethernet", "vhostuser"):
    near(kind, "TEAM063", vm(STANDBY.replace("type='bridge'", f"type='{kind}'"), ASSIGNED))

bad(
    "down",
    "TEAM064",
    vm(put(STANDBY, "<link state='down'/> <!-- TEAM064 @state -->"), ASSIGNED),
    *(NOTED, NOTE, "virsh domif-setlink"),
)
near("up", "TEAM064", vm(put(STANDBY, "<link state='up'/>"), ASSIGNED))

# --- TEAM070, TEAM071: booting ---

for form, device in TRANSIENTS.items():
    bad(
        form,
        "TEAM070",
        vm(STANDBY, put(device, "<boot order='1'/> <!-- TEAM070 @order -->")),
        *(BROKEN, WARNING, "<boot order='1'/>", "persistent"),
    )
near("the persistent one", "TEAM070", vm(put(STANDBY, "<boot order='1'/>"), ASSIGNED))

SECOND_BOOT = "<boot order='{}'/> <!-- TEAM071 @order -->"
for name, number in (("the same", "1"), ("with a zero before", "01"), ("ten and ten", "010")):
    first = "10" if number == "010" else "1"
    bad(
        name,
        "TEAM071",
        vm(put(STANDBY, f"<boot order='{first}'/>"), ASSIGNED, put(OTHER_NIC, SECOND_BOOT.format(number))),
        *(DEFINE, ERROR, f"boot order {first} ", f"{int(first) + 1}"),
    )
near(
    "eight and 010, which is ten here",
    "TEAM071",
    vm(put(STANDBY, "<boot order='8'/>"), ASSIGNED, put(OTHER_NIC, "<boot order='010'/>")),
)
near("different", "TEAM071", vm(put(STANDBY, "<boot order='1'/>"), ASSIGNED, put(OTHER_NIC, "<boot order='2'/>")))

# --- TEAM080 to TEAM083: migration ---

GPU = (
    "<hostdev {}> <!-- TEAM080 -->\n  <source>\n    <address domain='0' bus='0x65' slot='0' function='0'/>\n"
    "  </source>\n</hostdev>\n"
)
for name, opening in {
    "pci": "mode='subsystem' type='pci' managed='yes'",
    "pci without a mode": "type='pci' managed='yes'",
    "mdev": "mode='subsystem' type='mdev' model='vfio-pci'",
    "scsi_host": "mode='subsystem' type='scsi_host' protocol='vhost'",
    "capabilities": "mode='capabilities' type='misc'",
}.items():
    for form, device in (("pooled", POOLED), ("assigned", ASSIGNED)):
        bad(f"{name}, {form}", "TEAM080", vm(STANDBY, device, GPU.format(opening)), MIGRATE, WARNING, "migrate")
bad("scsi", "TEAM080", vm(PAIR, SCSI.format(" <!-- TEAM080 -->", 3)), MIGRATE, WARNING, "scsi")
LONE_VF = edit(second(ASSIGNED), ("  <teaming type='transient' persistent='ua-storage'/>\n", ""))
bad(
    "an assigned interface",
    "TEAM080",
    vm(PAIR, LONE_VF.replace(">\n", "> <!-- TEAM080 -->\n", 1)),
    *(MIGRATE, WARNING, "transient"),
)
LONE_POOLED = edit(second(POOLED), ("  <teaming type='transient' persistent='ua-storage'/>\n", ""))
bad(
    "an interface of a pool",
    "TEAM080",
    vm(STANDBY, ASSIGNED, LONE_POOLED.replace(">\n", "> <!-- TEAM080 -->\n", 1)),
    *(MIGRATE, WARNING, "transient"),
)
LISTING = host("virtio-net.failover", "migration.blocked-reasons", libvirt="8.6.0", qemu="6.0.0", name="listing")
near("scsi, left to QEMU", "TEAM080", vm(PAIR, SCSI.format("", 3)), on(LISTING))
bad(
    "scsi, with a libvirt that does not leave it to QEMU",
    "TEAM080",
    vm(PAIR, SCSI.format(" <!-- TEAM080 -->", 3)),
    *(MIGRATE, WARNING, "scsi"),
    run=on(LISTING, libvirt="8.5.0"),
)
bad(
    "scsi, and QEMU does not report what blocks",
    "TEAM080",
    vm(PAIR, SCSI.format(" <!-- TEAM080 -->", 3)),
    *(MIGRATE, WARNING, "scsi"),
    run=on(host("virtio-net.failover", libvirt="8.6.0", qemu="5.2.0")),
)
bad(
    "pci is not left to QEMU",
    "TEAM080",
    vm(PAIR, GPU.format("type='pci' managed='yes'")),
    *(MIGRATE, WARNING, "hostdev"),
    run=on(LISTING),
)
near("usb", "TEAM080", vm(PAIR, USB.format(4)))
near("no failover wanted", "TEAM080", vm(GPU.format("type='pci'").replace(" <!-- TEAM080 -->", "")))
near("a second pair", "TEAM080", vm(PAIR, second(STANDBY), second(ASSIGNED)))

for role, written in (("peer", " role='peer'"), ("none", "")):
    bad(
        f"shmem, role {role}",
        "TEAM081",
        vm(
            PAIR,
            f"<shmem name='m'{written}> <!-- TEAM081{' @role' if written else ''} -->\n"
            "  <model type='ivshmem-plain'/>\n  <size unit='M'>4</size>\n</shmem>\n",
        ),
        *(MIGRATE, WARNING, "peer", "role='master'"),
    )
bad(
    "a disk that forgets",
    "TEAM081",
    vm(
        PAIR,
        "<disk type='file' device='disk'>\n  <source file='/srv/a.img'/>\n  <target dev='vdb' bus='virtio'/>\n"
        "  <transient/> <!-- TEAM081 -->\n</disk>\n",
    ),
    *(MIGRATE, WARNING, "<transient/>"),
)
CPU = "<cpu mode='host-passthrough'>\n  <feature policy='{}' name='invtsc'/>{}\n</cpu>\n"
for policy in ("require", "force"):
    bad(
        f"invtsc, {policy}",
        "TEAM081",
        vm(PAIR, around=CPU.format(policy, " <!-- TEAM081 @name -->")),
        *(MIGRATE, WARNING, "invtsc", "<timer name='tsc' frequency="),
    )
near("invtsc disabled", "TEAM081", vm(PAIR, around=CPU.format("disable", "")))
near(
    "invtsc and a frequency",
    "TEAM081",
    vm(
        PAIR,
        around=CPU.format("require", "")
        + "<clock offset='utc'>\n  <timer name='tsc' frequency='2000000000'/>\n</clock>\n",
    ),
)
bad(
    "invtsc and a frequency of another timer",
    "TEAM081",
    vm(
        PAIR,
        around=CPU.format("require", " <!-- TEAM081 @name -->")
        + "<clock offset='utc'>\n  <timer name='tsc' present='yes'/>\n  <timer name='hpet' frequency='1'/>\n</clock>\n",
    ),
    *(MIGRATE, WARNING, "invtsc"),
)
near(
    "shmem of a master",
    "TEAM081",
    vm(PAIR, "<shmem name='m' role='master'>\n  <model type='ivshmem-plain'/>\n</shmem>\n"),
)
near("another feature", "TEAM081", vm(PAIR, around=CPU.format("require", "").replace("invtsc", "pdpe1gb")))
near("no failover wanted", "TEAM081", vm("<shmem name='m'>\n  <model type='ivshmem-plain'/>\n</shmem>\n"))

FIXED = "function='{}'/> <!-- TEAM082 -->"
bad(
    "assigned interface",
    "TEAM082",
    vm(STANDBY, edit(ASSIGNED, ("function='0x2'/>", FIXED.format("0x2")))),
    *(NOTED, NOTE, "0000:3b:0a.2", "<forward mode='hostdev'>"),
)
bad(
    "plain hostdev",
    "TEAM082",
    vm(STANDBY, edit(PLAIN, ("function='0x3'/>", FIXED.format("0x3")))),
    *(NOTED, NOTE, "0000:3b:0a.3"),
)
near("a pool", "TEAM082", vm(PAIR))

for form, device in (("assigned", ASSIGNED), ("plain", PLAIN)):
    bad(
        f"no, {form}",
        "TEAM083",
        vm(STANDBY, edit(device, ("managed='yes'>", "managed='no'> <!-- TEAM083 @managed -->"))),
        *(NOTED, NOTE, "vfio-pci", "managed='yes'"),
    )
    bad(
        f"not written, {form}",
        "TEAM083",
        vm(STANDBY, edit(device, (" managed='yes'>", "> <!-- TEAM083 -->"))),
        *(NOTED, NOTE, "vfio-pci", "managed='yes'"),
    )
    near(f"yes, {form}", "TEAM083", vm(STANDBY, device))
near("the network manages its devices", "TEAM083", vm(PAIR))

# --- TEAM090: pairs that nobody teamed ---

LONELY = edit(STANDBY, (f"  {PERSISTENT}\n  <alias name='ua-uplink'/>\n", ""))
LONELY_VF = edit(ASSIGNED, (f"  {TRANSIENT}\n", ""), ("managed='yes'>", "managed='yes'> <!-- TEAM090 -->"))
LONELY_POOLED = edit(POOLED, (f"  {TRANSIENT}\n", ""), ("type='network'>", "type='network'> <!-- TEAM090 -->"))
SAYS = ("<teaming type='persistent'/>", "persistent='ua-standby'", "<alias name='ua-standby'/>")
bad("assigned", "TEAM090", vm(LONELY, LONELY_VF), NOTED, NOTE, *SAYS)
bad("pooled", "TEAM090", vm(LONELY, LONELY_POOLED), NOTED, NOTE, *SAYS)
bad("in other letters", "TEAM090", vm(LONELY.replace("1d:0e:4a", "1D:E:4A"), LONELY_VF), NOTED, NOTE, *SAYS)
bad("with an alias", "TEAM090", vm(UNTEAMED, LONELY_VF), NOTED, NOTE, "persistent='ua-uplink'")
bad(
    "beside a pair as it should be",
    "TEAM090",
    vm(second(STANDBY), second(POOLED), LONELY, LONELY_VF),
    *(NOTED, NOTE, *SAYS),
    also=("TEAM080",),
)
bad(
    "virtio by default",
    "TEAM090",
    vm(edit(LONELY, (f"  {MODEL}\n", "")), LONELY_VF, arch="aarch64", machine="virt"),
    *(NOTED, NOTE, *SAYS),
)
PLAIN_VF = LONELY_VF.replace(" <!-- TEAM090 -->", "")
near("other addresses", "TEAM090", vm(LONELY.replace("4a", "4c"), PLAIN_VF))
near("not virtio", "TEAM090", vm(LONELY.replace("'virtio'", "'e1000e'"), PLAIN_VF))
near("a network that is not given", "TEAM090", vm(LONELY, LONELY_POOLED), Run(networks=()))
near("a pair", "TEAM090", vm(PAIR))

# --- Conditions that only meet in odd files ---

bad(
    "a model that is wrong whatever the type",
    "TEAM024",
    vm(
        edit(STANDBY, ("type='bridge'", "type='{{ type }}'"), (MODEL, "<model type='e1000e'/> <!-- TEAM024 @type -->")),
        ASSIGNED,
    ),
    *(DEFINE, ERROR, "'e1000e'"),
)
bad(
    "with a model that is filled in later",
    "TEAM025",
    vm(STANDBY, put(ASSIGNED_PERSISTENT, "<model type='{{ model }}'/>")),
    *(BROKEN, ERROR, "failover=on"),
)
bad(
    "no type",
    "TEAM021",
    vm(STANDBY, edit(PLAIN, ("type='pci' ", ""), (TRANSIENT, f"{TRANSIENT} <!-- TEAM021 -->"))),
    *(DEFINE, ERROR, "type=''"),
)
near("that is TEAM021", "TEAM042", vm(STANDBY, edit(PLAIN, ("type='pci'", "type='usb'"))), also=("TEAM021",))
bad(
    "the alias of the one meant is dropped",
    "TEAM012",
    vm(
        edit(STANDBY, ("'ua-uplink'", "'uplink'")),
        edit(ASSIGNED, (TRANSIENT, "<teaming type='transient'/> <!-- TEAM012 -->")),
    ),
    *(DEFINE, ERROR, "<alias name='ua-uplink'/>", "persistent='ua-uplink'"),
    also=("TEAM031",),
)
bad(
    "with an alias that is dropped",
    "TEAM037",
    vm(edit(STANDBY, UNPAIRED, ("'ua-uplink'", "'uplink'"))),
    *(BROKEN, ERROR, "persistent='ua-uplink'", "<alias name='ua-uplink'/>"),
    also=("TEAM031",),
)
bad(
    "another transient, and no persistent one is left",
    "TEAM035",
    vm(
        STANDBY,
        put(POOLED, "<alias name='ua-vf'/>"),
        edit(second(ASSIGNED), ("persistent='ua-storage'/>", "persistent='ua-vf'/> <!-- TEAM035 @persistent -->")),
    ),
    *(BROKEN, ERROR, "'ua-vf'", "persistent='ALIAS'"),
)
bad(
    "none on one half",
    "TEAM040",
    vm(STANDBY, edit(ASSIGNED, (f"  {MAC}\n", ""), ("managed='yes'>", "managed='yes'> <!-- TEAM040 -->"))),
    *(BROKEN, ERROR, "only one half", "52:54:00:1d:0e:4a"),
)
bad(
    "none on either half",
    "TEAM040",
    vm(
        edit(STANDBY, (f"  {MAC}\n", "")),
        edit(ASSIGNED, (f"  {MAC}\n", ""), ("managed='yes'>", "managed='yes'> <!-- TEAM040 -->")),
    ),
    *(BROKEN, ERROR, "neither half", "<mac address="),
)
bad(
    "a second pair with a plain hostdev, copied with its address",
    "TEAM043",
    vm(STANDBY, POOLED, STANDBY.replace("ua-uplink", "ua-storage").replace(MAC, SAME_MAC), second(PLAIN)),
    *(BROKEN, WARNING, "52:54:00:1d:0e:4a"),
)
near("an interface has no ramfb", "TEAM058", vm(STANDBY, edit(ASSIGNED, ("managed='yes'", "managed='yes' ramfb='on'"))))
near("a hostdev has no bandwidth", "TEAM060", vm(STANDBY, put(PLAIN, BANDWIDTH.format(""))))
near(
    "one of the tags is filled in later",
    "TEAM061",
    vm(STANDBY, put(ASSIGNED, "<vlan trunk='yes'>\n    <tag id='42'/>\n    <tag id='{{ tag }}'/>\n  </vlan>")),
)
near(
    "both filled in later",
    "TEAM071",
    vm(put(STANDBY, "<boot order='{{ a }}'/>"), ASSIGNED, put(OTHER_NIC, "<boot order='{{ b }}'/>")),
)
near(
    "on another driver", "TEAM032", vm(PAIR, put(OTHER_NIC, "<alias name='ua-uplink'/>"), kind="xen"), also=("TEAM027",)
)
bad(
    "a persistent device alone",
    "TEAM080",
    vm(STANDBY, GPU.format("type='pci'")),
    *(MIGRATE, WARNING, "hostdev"),
    also=("TEAM037",),
)
bad(
    "an assigned interface is not left to QEMU",
    "TEAM080",
    vm(PAIR, LONE_VF.replace(">\n", "> <!-- TEAM080 -->\n", 1)),
    *(MIGRATE, WARNING, "transient"),
    run=on(LISTING),
)
near("two assigned interfaces", "TEAM090", vm(LONELY_POOLED.replace(" <!-- TEAM090 -->", ""), put(PLAIN_VF, MODEL)))
near("another driver", "TEAM001", vm(PAIR, kind="xen"), on(OLD), ("TEAM027",))
near(
    "scsi, left to QEMU by a libvirt that is not known",
    "TEAM080",
    vm(PAIR, SCSI.format("", 3)),
    on(host("virtio-net.failover", "migration.blocked-reasons", libvirt="0.0.0", qemu="6.0.0")),
)
for code, device in (("TEAM080", GPU.format("type='pci'")), ("TEAM081", "<shmem name='m'>\n</shmem>\n")):
    near(
        "only an empty teaming",
        code,
        vm(edit(STANDBY, (PERSISTENT, "<teaming/>")), device.replace(" <!-- TEAM080 -->", "")),
        also=("TEAM011",),
    )
near(
    "none, where the default is not known",
    "TEAM057",
    vm(ports(True), STANDBY, WITHOUT_MODEL, arch="ppc64", machine="powernv9"),
    Run(networks=()),
)
near(
    "the pair is mismatched: that is TEAM040",
    "TEAM043",
    vm(STANDBY, edit(ASSIGNED, ("0e:4a", "0e:4c")), put(OTHER_NIC, MAC)),
    also=("TEAM040",),
)
near(
    "the other pair is mismatched: that is TEAM040",
    "TEAM043",
    vm(STANDBY.replace("ua-uplink", "ua-storage"), second(ASSIGNED), STANDBY, POOLED),
    also=("TEAM040",),
)
near("pseries of another architecture", "TEAM051", vm(PAIR, machine="pseries"))
bad(
    "a persistent device alone",
    "TEAM001",
    vm(MARKED_STANDBY["TEAM001"]),
    *(DEFINE, ERROR, "virtio-net.failover"),
    run=on(OLD),
    also=("TEAM037",),
)
near(
    "a teaming where libvirt reads none",
    "TEAM027",
    vm(
        "<disk type='file' device='disk'>\n  <target dev='vdb'/>\n  <teaming type='persistent'/>\n</disk>\n", kind="xen"
    ),
)
bad(
    "type primary on a network that is not given",
    "TEAM010",
    vm(
        STANDBY,
        edit(POOLED, ("type='transient'", "type='primary'"), ("'ua-uplink'/>", "'ua-uplink'/> <!-- TEAM010 @type -->")),
    ),
    *(DEFINE, ERROR, "'primary'", "type='transient'"),
    run=Run(networks=()),
)
