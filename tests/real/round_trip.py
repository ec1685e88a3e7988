"""From a real libvirt to domlint and back: does libvirt agree with what domlint says of its host?

    python tests/real/round_trip.py [--user NAME] [--keep DIRECTORY]

Starts a libvirtd of its own (qemu:///session, in a home directory of its own, with TCG) as a user who is not root,
takes from it all three kinds of capability file, has domlint hold the domains in tests/real/round_trip against them,
and then has libvirt define and start each of them. Prints what both say of each domain; the exit status is 1 where
the two disagree.

Needs virsh, libvirtd, its QEMU driver and qemu-system-x86_64 (on Debian: libvirt-clients libvirt-daemon
libvirt-daemon-driver-qemu qemu-system-x86). ``--user`` is whom root runs libvirtd as. ``--keep`` is a directory, to be
made, that the capability files are copied to. On a host without KVM, VFIO and swtpm, the domains named good-* are
accepted and those named refused-* are refused, by what all three kinds of file say.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DOMAINS = Path(__file__).with_name("round_trip")
REFUSALS = {"define", "start"}


class Libvirt:
    """A libvirtd of our own, which virsh starts when it is first asked and which ends by itself."""

    def __init__(self, home: Path, user: str | None) -> None:
        self.home = home
        as_user = ["runuser", "-u", user, "--"] if user else []
        self._virsh = [
            *as_user,
            "env",
            f"HOME={home}",
            f"XDG_RUNTIME_DIR={home}/run",
            f"XDG_CONFIG_HOME={home}/config",
            f"XDG_CACHE_HOME={home}/cache",
            "virsh",
            "-q",
            "-c",
            "qemu:///session",
        ]

    def virsh(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*self._virsh, *arguments], capture_output=True, text=True, timeout=300, check=False)

    def must(self, *arguments: str) -> str:
        done = self.virsh(*arguments)
        if done.returncode != 0:
            sys.exit(f"virsh {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def capability_files(self, folder: Path) -> None:
        """Write what this libvirt says of its host to a folder: the three kinds of file."""
        (folder / "capabilities.xml").write_text(self.must("capabilities"))
        for machine in ("q35", "pc"):
            text = self.must("domcapabilities", "--virttype", "qemu", "--machine", machine)
            (folder / f"domcapabilities-{machine}.xml").write_text(text)
        probed = sorted((self.home / "cache").rglob("capabilities/*.xml"))
        if not probed:
            sys.exit(f"no capability file of libvirt's own is below {self.home / 'cache'}")
        for file in probed:
            shutil.copy(file, folder)

    def refusal(self, file: Path) -> str:
        """Why this libvirt refuses to define or start a domain; "" where it does neither."""
        text = file.read_text()
        name = text.partition("<name>")[2].partition("</name>")[0]
        copy = self.home / file.name
        copy.write_text(text)
        copy.chmod(0o644)
        defined = self.virsh("define", str(copy))
        if defined.returncode != 0:
            return f"define: {defined.stderr.strip().splitlines()[-1]}"
        try:
            started = self.virsh("start", "--paused", name)
            self.virsh("destroy", name)
            return f"start: {started.stderr.strip().splitlines()[-1]}" if started.returncode != 0 else ""
        finally:
            self.virsh("undefine", name)


def domlint_refusals(files: list[Path], caps: Path) -> dict[str, list[str]]:
    """What domlint says that libvirt would refuse, by file."""
    command = [sys.executable, "-m", "domlint", *map(str, files), "--caps", f"this={caps}", "--output-format", "json"]
    done = subprocess.run([*command, "--isolated"], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"domlint: {done.stderr.strip()}")
    refusals: dict[str, list[str]] = {str(file): [] for file in files}
    for finding in json.loads(done.stdout)["findings"]:
        if finding["outcome"] in REFUSALS:
            refusals[finding["file"]].append(f"{finding['code']} line {finding['line']}: {finding['message']}")
    return refusals


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--user", help="whom root runs libvirtd as (needed where this is root)")
    parser.add_argument("--keep", type=Path, help="copy the capability files to this directory")
    arguments = parser.parse_args()
    if os.geteuid() == 0 and not arguments.user:
        parser.error("root needs --user: a libvirtd of root would be that of the machine")
    with tempfile.TemporaryDirectory(prefix="domlint-") as folder:
        home, caps = Path(folder, "home"), Path(folder, "caps")
        home.mkdir(), caps.mkdir()
        (home / "run").mkdir(mode=0o700)
        if arguments.user:
            owner = pwd.getpwnam(arguments.user)
            Path(folder).chmod(0o755)
            for path in (home, home / "run"):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        libvirt = Libvirt(home, arguments.user)
        libvirt.capability_files(caps)
        if arguments.keep:
            shutil.copytree(caps, arguments.keep)
        named = [file.name for file in sorted(caps.iterdir()) if len(file.stem) < 64]
        print(f"capability files: {', '.join(named)} and {len(list(caps.iterdir())) - len(named)} of libvirt's cache")
        disagreements = 0
        files = sorted(DOMAINS.glob("*.xml"))
        for file, refusals in domlint_refusals(files, caps).items():
            theirs = libvirt.refusal(Path(file))
            agree = bool(refusals) == bool(theirs)
            disagreements += not agree
            print(f"{Path(file).name}: {'agreed' if agree else 'DISAGREED'}")
            print(f"  domlint: {'; '.join(refusals) or 'good'}")
            print(f"  libvirt: {theirs or 'accepted'}")
        print(f"{len(files) - disagreements} of {len(files)} agreed")
    return 1 if disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
