"""The x86 CPU models and features that libvirt knows. Made by tools/make_cpu_map.py; do not edit."""

from typing import Final

SOURCE: Final = (
    "libvirt src/cpu_map/index.xml, x86_*.xml and x86_features.xml, releases 7.0.0, 9.0.0, 11.3.0; "
    "NEWS.rst for the releases between"
)

NEWEST: Final = (11, 3, 0)
"""The newest release read."""

MODELS: Final = {
    (None, (7, 0, 0)): (
        "486 Broadwell Broadwell-IBRS Broadwell-noTSX Broadwell-noTSX-IBRS Cascadelake-Server "
        "Cascadelake-Server-noTSX Conroe Cooperlake Dhyana EPYC EPYC-IBPB EPYC-Rome Haswell Haswell-IBRS "
        "Haswell-noTSX Haswell-noTSX-IBRS Icelake-Client Icelake-Client-noTSX Icelake-Server "
        "Icelake-Server-noTSX IvyBridge IvyBridge-IBRS Nehalem Nehalem-IBRS Opteron_G1 Opteron_G2 Opteron_G3 "
        "Opteron_G4 Opteron_G5 Penryn SandyBridge SandyBridge-IBRS Skylake-Client Skylake-Client-IBRS "
        "Skylake-Client-noTSX-IBRS Skylake-Server Skylake-Server-IBRS Skylake-Server-noTSX-IBRS Snowridge "
        "Westmere Westmere-IBRS athlon core2duo coreduo cpu64-rhel5 cpu64-rhel6 kvm32 kvm64 n270 pentium "
        "pentium2 pentium3 pentiumpro phenom qemu32 qemu64"
    ),
    ((7, 0, 0), (9, 0, 0)): ("EPYC-Milan"),
    ((9, 4, 0), (9, 4, 0)): ("SapphireRapids"),
    ((9, 8, 0), (9, 8, 0)): ("EPYC-Genoa"),
    ((9, 0, 0), (11, 3, 0)): (
        "486-v1 Broadwell-v1 Broadwell-v2 Broadwell-v3 Broadwell-v4 Cascadelake-Server-v1 "
        "Cascadelake-Server-v2 Cascadelake-Server-v3 Cascadelake-Server-v4 Cascadelake-Server-v5 Conroe-v1 "
        "Cooperlake-v1 Cooperlake-v2 Denverton Denverton-v1 Denverton-v2 Denverton-v3 Dhyana-v1 Dhyana-v2 "
        "EPYC-Genoa-v1 EPYC-Milan-v1 EPYC-Milan-v2 EPYC-Rome-v1 EPYC-Rome-v2 EPYC-Rome-v3 EPYC-Rome-v4 "
        "EPYC-v1 EPYC-v2 EPYC-v3 EPYC-v4 GraniteRapids GraniteRapids-v1 GraniteRapids-v2 Haswell-v1 "
        "Haswell-v2 Haswell-v3 Haswell-v4 Icelake-Server-v1 Icelake-Server-v2 Icelake-Server-v3 "
        "Icelake-Server-v4 Icelake-Server-v5 Icelake-Server-v6 Icelake-Server-v7 IvyBridge-v1 IvyBridge-v2 "
        "KnightsMill KnightsMill-v1 Nehalem-v1 Nehalem-v2 Opteron_G1-v1 Opteron_G2-v1 Opteron_G3-v1 "
        "Opteron_G4-v1 Opteron_G5-v1 Penryn-v1 SandyBridge-v1 SandyBridge-v2 SapphireRapids-v1 "
        "SapphireRapids-v2 SapphireRapids-v3 SierraForest SierraForest-v1 Skylake-Client-v1 Skylake-Client-v2 "
        "Skylake-Client-v3 Skylake-Client-v4 Skylake-Server-v1 Skylake-Server-v2 Skylake-Server-v3 "
        "Skylake-Server-v4 Skylake-Server-v5 Snowridge-v1 Snowridge-v2 Snowridge-v3 Snowridge-v4 Westmere-v1 "
        "Westmere-v2 athlon-v1 core2duo-v1 coreduo-v1 kvm32-v1 kvm64-v1 n270-v1 pentium-v1 pentium2-v1 "
        "pentium3-v1 phenom-v1 qemu32-v1 qemu64-v1"
    ),
}
"""The models by (the newest release without, the oldest with them)."""

FEATURES: Final = {
    (None, (7, 0, 0)): (
        "3dnow 3dnowext 3dnowprefetch abm acpi adx aes amd-no-ssb amd-ssbd amd-stibp apic arat "
        "arch-capabilities avx avx2 avx512-4fmaps avx512-4vnniw avx512-bf16 avx512-vpopcntdq avx512bitalg "
        "avx512bw avx512cd avx512dq avx512er avx512f avx512ifma avx512pf avx512vbmi avx512vbmi2 avx512vl "
        "avx512vnni bmi1 bmi2 cid cldemote clflush clflushopt clwb clzero cmov cmp_legacy cmt core-capability "
        "cr8legacy cvt16 cx16 cx8 dca de decodeassists ds ds_cpl dtes64 erms est extapic f16c flushbyasid fma "
        "fma4 fpu fsgsbase fsrm fxsr fxsr_opt gfni hle ht hypervisor ia64 ibpb ibrs-all ibs intel-pt invpcid "
        "invtsc la57 lahf_lm lbrv lm lwp mbm_local mbm_total mca mce md-clear mds-no misalignsse mmx mmxext "
        "monitor movbe movdir64b movdiri mpx msr mtrr nodeid_msr npt nrip-save nx ospke osvw osxsave pae pat "
        "pause-filter pbe pcid pclmuldq pcommit pconfig pdcm pdpe1gb perfctr_core perfctr_nb pfthreshold pge "
        "pku pn pni popcnt pschange-mc-no pse pse36 rdctl-no rdpid rdrand rdseed rdtscp rsba rtm sep sha-ni "
        "skinit skip-l1dfl-vmentry smap smep smx spec-ctrl split-lock-detect ss ssb-no ssbd sse sse2 sse4.1 "
        "sse4.2 sse4a ssse3 stibp svm svm-lock syscall taa-no tbm tce tm tm2 topoext tsc tsc-deadline "
        "tsc-scale tsc_adjust tsx-ctrl umip vaes virt-ssbd vmcb-clean vme vmx vpclmulqdq waitpkg wbnoinvd wdt "
        "x2apic xgetbv1 xop xsave xsavec xsaveerptr xsaveopt xsaves xtpr"
    ),
    ((7, 0, 0), (9, 0, 0)): (
        "amx-bf16 amx-int8 amx-tile arch-lbr avic avx-vnni avx512-fp16 avx512-vp2intersect bus-lock-detect "
        "ibrs intel-pt-lip pks serialize sgx sgx-debug sgx-exinfo sgx-kss sgx-mode64 sgx-provisionkey "
        "sgx-tokenkey sgx1 sgx2 sgxlc svme-addr-chk tsx-ldtrk v-vmsave-vmload vgif xfd"
    ),
    ((9, 0, 0), (11, 3, 0)): (
        "amd-psfd amx-complex amx-fp16 auto-ibrs avx-ifma avx-ne-convert avx-vnni-int16 avx-vnni-int8 avx10 "
        "avx10-128 avx10-256 avx10-512 bhi-ctrl cmpccxadd ddpd-u eraps fb-clear fbsdp-no fdp-excptn-only "
        "flush-l1d fred fsrc fsrs fzrm gds-no ibpb-brtype intel-psfd ipred-ctrl lam lfence-always-serializing "
        "lkgs mcdt-no no-nested-data-bp null-sel-clr-base overflow-recov pbrsb-no perfmon-v2 prefetchiti "
        "psdp-no rfds-clear rfds-no rrsba-ctrl sbdr-ssdp-no sbpb sgx-aex-notify sgx-edeccssa sha512 sm3 sm4 "
        "srso-no srso-user-kernel-no stibp-always-on succor vmx-activity-hlt vmx-activity-shutdown "
        "vmx-activity-wait-sipi vmx-any-errcode vmx-apicv-register vmx-apicv-vid vmx-apicv-x2apic "
        "vmx-apicv-xapic vmx-cr3-load-noexit vmx-cr3-store-noexit vmx-cr8-load-exit vmx-cr8-store-exit "
        "vmx-desc-exit vmx-enable-user-wait-pause vmx-encls-exit vmx-entry-ia32e-mode vmx-entry-load-bndcfgs "
        "vmx-entry-load-efer vmx-entry-load-fred vmx-entry-load-pat vmx-entry-load-perf-global-ctrl "
        "vmx-entry-load-pkrs vmx-entry-load-rtit-ctl vmx-entry-noload-debugctl vmx-ept vmx-ept-1gb "
        "vmx-ept-2mb vmx-ept-advanced-exitinfo vmx-ept-execonly vmx-ept-uc vmx-ept-wb vmx-eptad "
        "vmx-eptp-switching vmx-exit-ack-intr vmx-exit-clear-bndcfgs vmx-exit-clear-rtit-ctl "
        "vmx-exit-load-efer vmx-exit-load-pat vmx-exit-load-perf-global-ctrl vmx-exit-load-pkrs "
        "vmx-exit-nosave-debugctl vmx-exit-save-efer vmx-exit-save-pat vmx-exit-save-preemption-timer "
        "vmx-exit-secondary-ctls vmx-flexpriority vmx-hlt-exit vmx-ins-outs vmx-intr-exit vmx-invept "
        "vmx-invept-all-context vmx-invept-single-context vmx-invlpg-exit vmx-invpcid-exit vmx-invvpid "
        "vmx-invvpid-all-context vmx-invvpid-single-addr vmx-invvpid-single-context "
        "vmx-invvpid-single-context-noglobals vmx-io-bitmap vmx-io-exit vmx-monitor-exit vmx-movdr-exit "
        "vmx-msr-bitmap vmx-mtf vmx-mwait-exit vmx-nested-exception vmx-nmi-exit vmx-page-walk-4 "
        "vmx-page-walk-5 vmx-pause-exit vmx-ple vmx-pml vmx-posted-intr vmx-preemption-timer vmx-rdpmc-exit "
        "vmx-rdrand-exit vmx-rdseed-exit vmx-rdtsc-exit vmx-rdtscp-exit vmx-secondary-ctls vmx-shadow-vmcs "
        "vmx-store-lma vmx-true-ctls vmx-tsc-offset vmx-tsc-scaling vmx-unrestricted-guest vmx-vintr-pending "
        "vmx-vmfunc vmx-vmwrite-vmexit-fields vmx-vnmi vmx-vnmi-pending vmx-vpid vmx-wbinvd-exit vmx-xsaves "
        "vmx-zero-len-inject vnmi wrmsrns zero-fcs-fds"
    ),
}
"""The features by (the newest release without, the oldest with them)."""

COMPARED_BY_REPORT: Final = (
    "486-v1 Broadwell-v1 Broadwell-v2 Broadwell-v3 Broadwell-v4 Cascadelake-Server-v1 "
    "Cascadelake-Server-v2 Cascadelake-Server-v3 Cascadelake-Server-v4 Cascadelake-Server-v5 Conroe-v1 "
    "Cooperlake-v1 Cooperlake-v2 Denverton Denverton-v1 Denverton-v2 Denverton-v3 Dhyana-v1 Dhyana-v2 "
    "EPYC-Genoa-v1 EPYC-Milan-v1 EPYC-Milan-v2 EPYC-Rome-v1 EPYC-Rome-v2 EPYC-Rome-v3 EPYC-Rome-v4 "
    "EPYC-v1 EPYC-v2 EPYC-v3 EPYC-v4 GraniteRapids-v1 GraniteRapids-v2 Haswell-v1 Haswell-v2 Haswell-v3 "
    "Haswell-v4 Icelake-Server-v1 Icelake-Server-v2 Icelake-Server-v3 Icelake-Server-v4 Icelake-Server-v5 "
    "Icelake-Server-v6 Icelake-Server-v7 IvyBridge-v1 IvyBridge-v2 KnightsMill KnightsMill-v1 Nehalem-v1 "
    "Nehalem-v2 Opteron_G1-v1 Opteron_G2-v1 Opteron_G3-v1 Opteron_G4-v1 Opteron_G5-v1 Penryn-v1 "
    "SandyBridge-v1 SandyBridge-v2 SapphireRapids-v1 SapphireRapids-v2 SapphireRapids-v3 SierraForest-v1 "
    "Skylake-Client-v1 Skylake-Client-v2 Skylake-Client-v3 Skylake-Client-v4 Skylake-Server-v1 "
    "Skylake-Server-v2 Skylake-Server-v3 Skylake-Server-v4 Skylake-Server-v5 Snowridge-v1 Snowridge-v2 "
    "Snowridge-v3 Snowridge-v4 Westmere-v1 Westmere-v2 athlon-v1 core2duo-v1 coreduo-v1 kvm32-v1 kvm64-v1 "
    "n270-v1 pentium-v1 pentium2-v1 pentium3-v1 phenom-v1 qemu32-v1 qemu64-v1"
)
"""Models of which libvirt asks QEMU what the host lacks for them; of others it compares the definitions."""
