"""How long domlint takes, as ratios to the work that it cannot avoid. Prints; asserts nothing.

    python tests/bench/bench.py [--domlint CMD] [--runs N]

Run it with the interpreter that domlint is installed for, from an ordinary install with compiled bytecode (an editable
install starts slower). The files are made here: domains with a pair, and ones without.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CAPS = ROOT / "examples" / "caps" / "debian-12-x86_64.xml"

IMPORT_AND_PARSE = """\
import sys
import lxml.etree as etree
for path in sys.argv[1:]:
    etree.parse(path)
"""

IMPORT_AND_PARSE_FOLDER = """\
import os, sys
import lxml.etree as etree
for name in sorted(os.listdir(sys.argv[1])):
    etree.parse(os.path.join(sys.argv[1], name))
"""

DISK = """\
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none' io='native'/>
      <source file='/srv/images/vm{number}-{disk}.qcow2'/>
      <target dev='vd{letter}' bus='virtio'/>
      <address type='pci' domain='0x0000' bus='0x0{bus}' slot='0x00' function='0x0'/>
    </disk>
"""

PORT = """\
    <controller type='pci' index='{index}' model='pcie-root-port'>
      <target chassis='{index}' port='0x{index:x}'/>
    </controller>
"""

DOMAIN = """\
<domain type='qemu'>
  <name>vm{number}</name>
  <uuid>00000000-0000-4000-8000-{number:012d}</uuid>
  <metadata><owner xmlns='urn:example'>team {number}</owner></metadata>
  <memory unit='MiB'>4096</memory>
  <vcpu placement='static'>4</vcpu>
  <os>
    <type arch='x86_64' machine='{machine}'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features><acpi/><apic/></features>
  <cpu mode='host-model' check='partial'/>
  <clock offset='utc'><timer name='rtc' tickpolicy='catchup'/><timer name='hpet' present='no'/></clock>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
{disks}    <controller type='usb' index='0' model='qemu-xhci' ports='15'/>
    <controller type='pci' index='0' model='pcie-root'/>
{ports}    <interface type='bridge'>
      <mac address='{mac}'/>
      <source bridge='br0'/>
      <model type='virtio'/>
{persistent}    </interface>
{transient}    <serial type='pty'/>
    <console type='pty'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <graphics type='vnc' port='-1' autoport='yes'/>
    <video><model type='virtio' heads='1'/></video>
    <memballoon model='virtio'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
"""

PERSISTENT = "      <teaming type='persistent'/>\n      <alias name='ua-uplink'/>\n"
TRANSIENT = """\
    <interface type='network'>
      <mac address='{mac}'/>
      <source network='sriov'/>
      <model type='virtio'/>
      <teaming type='transient' persistent='{partner}'/>
    </interface>
"""


def domain(number: int, teamed: bool, partner: str = "ua-uplink", machine: str = "pc-q35-4.2") -> str:
    """A domain as they are in use, about 3 KB, that runs on all the hosts here unless its machine is a newer one."""
    mac = f"52:54:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
    disks = "".join(
        DISK.format(number=number, disk=disk, letter="abc"[disk], bus=disk + 1) for disk in range(1 + number % 3)
    )
    return DOMAIN.format(
        number=number,
        machine=machine,
        disks=disks,
        ports="".join(PORT.format(index=index) for index in range(1, 7)),
        mac=mac,
        persistent=PERSISTENT if teamed else "",
        transient=TRANSIENT.format(mac=mac, partner=partner) if teamed else "",
    )


RELEASES = (
    ("4.2", 6_000_000),
    ("5.0", 6_006_000),
    ("5.1", 6_008_000),
    ("5.2", 7_000_000),
    ("6.0", 7_004_000),
    ("6.2", 8_000_000),
    ("7.0", 8_005_000),
    ("7.2", 9_000_000),
    ("8.0", 9_004_000),
    ("8.2", 10_000_000),
    ("9.2", 11_000_000),
    ("10.0", 11_003_000),
)
"""QEMU on each of twelve hosts, and the libvirt that probed it, as one number."""


def capabilities(number: int) -> str:
    """The capability file of one of twelve hosts: Debian's, made what it might be with another QEMU and libvirt."""
    release, libvirt = RELEASES[number]
    major, minor = map(int, release.split("."))
    kept: list[str] = []
    for place, line in enumerate(CAPS.read_text().splitlines()):
        if machine := re.search(r"name='pc-(?:i440fx|q35)-(\d+)\.(\d+)", line):
            if (int(machine[1]), int(machine[2])) > (major, minor):
                continue
            if f"{machine[1]}.{machine[2]}" == "7.2":
                kept.append(line.replace("7.2", release))
            line = line.replace(" alias='pc'", "").replace(" alias='q35'", "")
        if line.strip().startswith("<flag") and place % 20 == 0 and place > 20 * number:
            continue  # an older QEMU can do less
        line = re.sub(r"(?<=<version>)\d+", str(major * 1_000_000 + minor * 1_000), line)
        kept.append(re.sub(r"(?<=<selfvers>)\d+", str(libvirt), line))
    return "\n".join(kept)


def seconds(command: Sequence[str | Path], runs: int) -> float:
    """The shortest time of a command, in seconds: what it costs, without what else the machine does meanwhile."""
    times = []
    for _ in range(runs + 1):
        begin = time.perf_counter()
        ran = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        times.append(time.perf_counter() - begin)
        if ran.returncode not in (0, 1):
            sys.exit(f"{command[0]} exits with {ran.returncode}: {ran.stderr.decode(errors='replace')}")
    return min(times)


def report(title: str, own: float, other: float, bound: str) -> None:
    """Print one comparison."""
    print(f"{title:<58} {own * 1000:8.1f} ms  {other * 1000:8.1f} ms  {own / other:6.2f}  ({bound})")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domlint", default=str(Path(sys.executable).parent / "domlint"))
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    own = options.domlint
    with tempfile.TemporaryDirectory() as folder:
        many, networks = Path(folder) / "vms", ROOT / "examples" / "networks"
        many.mkdir()
        for number in range(1000):
            (many / f"vm{number:04}.xml").write_text(domain(number, teamed=number % 10 == 0))
        good, plain, bad = many / "vm0000.xml", many / "vm0001.xml", Path(folder) / "bad.xml"
        bad.write_text(domain(0, teamed=True, partner="ua-uplnik"))
        print(f"{'what':<58} {'domlint':>11}  {'other':>11}   ratio")
        network = networks / "sriov.xml"
        cases = (
            ("one file and one capability file", [plain, "--caps", CAPS], [plain, CAPS]),
            ("with a pair and its network", [good, "--caps", CAPS, "--network", network], [good, CAPS, network]),
            ("the same with a finding", [bad, "--caps", CAPS, "--network", network], [bad, CAPS, network]),
        )
        for title, arguments, files in cases:
            parse = seconds([sys.executable, "-c", IMPORT_AND_PARSE, *files], options.runs)
            time_taken = seconds([own, *arguments], options.runs)
            report(f"{title}, to import and parse", time_taken, parse, "at most 1.6")
        saved = Path(folder) / "saved"
        saved.mkdir()
        (saved / "vm.xml").write_text(bad.read_text())
        (saved / "domlint.toml").write_text(f"caps = ['{CAPS}']\nignore = ['HOST012']\nfail-on = 'error'\n")
        parse = seconds([sys.executable, "-c", IMPORT_AND_PARSE, bad, CAPS], options.runs)
        time_taken = seconds([own, saved / "vm.xml", "--output-format", "json"], options.runs)
        report("with a configuration, as JSON for an editor, to the same", time_taken, parse, "at most 2")
        runs = max(options.runs // 4, 3)
        parse = seconds([sys.executable, "-c", IMPORT_AND_PARSE_FOLDER, many], runs)
        time_taken = seconds([own, many, "--caps", CAPS, "--network", networks], runs)
        report("1,000 files in one process, to import and parse", time_taken, parse, "at most 8")
        nothing = Path(folder) / "nothing"
        nothing.mkdir()
        imported = seconds([sys.executable, "-c", IMPORT_AND_PARSE_FOLDER, nothing], runs)
        unstructured = seconds([own, many, "--caps", CAPS, "--network", networks, "--ignore", "SCHEMA"], runs)
        report("what SCHEMA adds to these, to parse them", time_taken - unstructured, parse - imported, "at most 1.5")
        hosts = Path(folder) / "hosts"
        hosts.mkdir()
        for number, (release, _libvirt) in enumerate(RELEASES):
            (hosts / f"qemu-{release}.xml").write_text(capabilities(number))
        for title, machine in (("", "pc-q35-4.2"), (" whose machine 7 lack", "pc-q35-7.2")):
            two_hundred = Path(folder) / machine
            two_hundred.mkdir()
            for number in range(200):
                text = domain(number, teamed=number % 10 == 0, machine=machine)
                (two_hundred / f"vm{number:04}.xml").write_text(text)
            one = seconds([own, two_hundred, "--caps", CAPS, "--network", networks], runs)
            twelve = seconds([own, two_hundred, "--caps", hosts, "--network", networks], runs)
            report(f"200 files{title} on 12 hosts, to the same on one", twelve, one, "at most 4")
        validate = shutil.which("virt-xml-validate")
        if validate is None:
            print("virt-xml-validate is not installed (Debian: libvirt-clients): not compared")
            return
        hundred = sorted(many.iterdir())[:100]
        begin = time.perf_counter()
        for file in hundred:
            subprocess.run(
                [validate, file, "domain"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
            )
        other = time.perf_counter() - begin
        time_taken = seconds([own, *hundred, "--caps", CAPS, "--network", networks], runs)
        report(
            "100 files, to virt-xml-validate once for each", time_taken, other, f"{other / time_taken:.0f} times faster"
        )


if __name__ == "__main__":
    main()
