"""Architectures that libvirt treats alike, by the names that it gives them.

Source: libvirt 11.3.0 src/util/virarch.h (ARCH_IS_X86 and its like).
"""

from typing import Final

X86: Final = ("x86_64", "i686")
ARM: Final = ("aarch64", "armv7l", "armv6l")
RISCV: Final = ("riscv64", "riscv32")
LOONGARCH: Final = ("loongarch64",)
S390: Final = ("s390x", "s390")
PPC64: Final = ("ppc64", "ppc64le")
MIPS: Final = ("mips", "mipsel", "mips64", "mips64el")
