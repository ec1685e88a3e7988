"""Make a repository as a team has it: 400 definitions of VMs with old mistakes, a host and a network.

    python tools/scratch_repository.py FOLDER     write vms, hosts and networks there, and commit them

README.md adopts domlint on it. The files are the same each time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
COUNT: Final = 400

_ROLES: Final = ("web", "db", "mail", "cache", "build", "proxy", "queue", "ldap")
_SITES: Final = ("core", "edge", "lab")

_DOMAIN: Final = """\
<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>{memory}</memory>
  <vcpu>{vcpus}</vcpu>
  <os>
    <type arch='x86_64' machine='{machine}'>hvm</type>
  </os>
  <features>
    <acpi/>{feature}
  </features>
  <on_crash>{on_crash}</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/srv/images/{name}.qcow2'/>
      <target dev='{disk}' bus='{bus}'/>
    </disk>{controller}
{interfaces}    <console type='pty'/>
  </devices>
</domain>
"""

_BRIDGED: Final = """\
    <interface type='bridge'>
      <mac address='{mac}'/>
      <source bridge='br{bridge}'/>
      <model type='{model}'/>
    </interface>
"""

_PAIR: Final = """\
    <interface type='bridge'>
      <mac address='{mac}'/>
      <source bridge='br{bridge}'/>
      <model type='virtio'/>
      <teaming type='persistent'/>
      <alias name='{alias}'/>
    </interface>
    <interface type='network'>
      <mac address='{partner_mac}'/>
      <source network='sriov'/>
      <model type='virtio'/>
      <teaming type='transient' persistent='{named}'/>{address}
    </interface>
"""


def files() -> Iterator[tuple[str, str]]:
    """The definitions, each with its path in the repository."""
    for number in range(1, COUNT + 1):
        role, site = _ROLES[number % len(_ROLES)], _SITES[number % len(_SITES)]
        name = f"{role}{number:03}"
        yield f"vms/{site}/{name}.xml", _definition(number, name)


def _definition(number: int, name: str) -> str:
    """A definition: of each kind of mistake, some have it."""
    is_old = number % 9 == 4
    is_pair = number % 4 == 0
    disk, bus = ("sda", "sata") if number % 5 == 3 else ("vda", "virtio")
    return _DOMAIN.format(
        name=name,
        memory=1024 << number % 4,
        vcpus=1 << number % 3,
        machine="pc-1.0" if is_old else "pc-q35-7.2",
        feature="\n    <apci/>" if number % 37 == 5 else "",
        on_crash="reboot" if number % 29 == 11 else "destroy",
        disk="hda" if number % 31 == 7 else disk,
        bus="ide" if number % 31 == 7 else bus,
        controller="\n    <controller type='scsi' index='0' model='virtio-scsi-pci'/>" if number % 43 == 2 else "",
        interfaces=_pair(number) if is_pair else _bridged(number),
    )


def _mac(number: int, last: int = 0) -> str:
    return f"52:54:00:6b:{number // 256:02x}:{(number + last) % 256:02x}"


def _bridged(number: int) -> str:
    model = "ne2k_isa" if number % 47 == 9 else "e1000" if number % 7 == 2 else "virtio"
    return _BRIDGED.format(mac=_mac(number), bridge=number % 3, model=model)


def _pair(number: int) -> str:
    alias = "uplink" if number % 20 == 0 else "ua-uplink"
    return _PAIR.format(
        mac=_mac(number),
        partner_mac=_mac(number, 1 if number % 28 == 8 else 0),
        bridge=number % 3,
        alias=alias,
        named="ua-upling" if number % 44 == 12 else alias,
        address="\n      <address type='pci' domain='0x0000' bus='0x00' slot='0x10' function='0x0'/>"
        if number % 36 == 16
        else "",
    )


def make(folder: Path) -> None:
    """Make the repository in a folder, with one commit."""
    for path, text in files():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    for path, source in (
        ("hosts/compute.xml", "caps/debian-12-x86_64.xml"),
        ("networks/sriov.xml", "networks/sriov.xml"),
    ):
        (folder / path).parent.mkdir()
        shutil.copy(ROOT / "examples" / source, folder / path)
    for words in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "--message", "What we run")):
        subprocess.run(["git", *words], cwd=folder, env=environment(os.environ), check=True)


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """An environment in which git is the same for all: no configuration of a user, a name of its own."""
    kept = {key: value for key, value in given.items() if not key.startswith("GIT_")}
    names = {f"GIT_{who}_{what}": "test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    settings = {"init.defaultBranch": "main", "core.autocrlf": "false", "gc.auto": "0"}
    numbered = {
        f"GIT_CONFIG_{kind}_{number}": text
        for number, pair in enumerate(settings.items())
        for kind, text in zip(("KEY", "VALUE"), pair, strict=True)
    }
    nowhere = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_COUNT": str(len(settings))}
    return {**kept, **names, **numbered, **nowhere}


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    make(target)
