"""SOUND: sound cards, and where their sound goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.graphics import has_graphics
from domlint.domain.values import UNKNOWN, Unknown, attribute, child, decimal
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule

_VALIDATE: Final = "libvirt 11.3.0 src/conf/domain_validate.c"
_PARSER: Final = "libvirt 11.3.0 src/conf/domain_conf.c (virDomainAudioCommonParse), alike in 9.0.0"


def _each_sound(context: Context, sound: Element) -> Iterator[Element]:
    if context.domain.runs_on_qemu:
        yield sound


@rule(
    "SOUND001",
    "sound-model-unsupported",
    outcome=Outcome.DEFINE,
    on="devices/sound",
    each=_each_sound,
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefSound), alike in 7.0.0 and 9.0.0",
    bad=Example("<sound model='ich7'/> <!-- SOUND001 -->"),
    good=Example("<sound model='ich9'/>"),
)
def sound_model_unsupported(context: Context, sound: Element) -> Problems:
    """QEMU has no sound card ICH7.

    It is one of other hypervisors. libvirt refuses to define the domain.
    """
    if attribute(sound, "model") == "ich7":
        yield Problem(Spot(sound, "model"), "QEMU has no sound card 'ich7'", "take 'ich6' or 'ich9'")


@rule(
    "SOUND002",
    "sound-audio-missing",
    outcome=Outcome.DEFINE,
    on="devices/sound",
    each=_each_sound,
    asked="7.2.0",
    source=f"{_VALIDATE} (virDomainSoundDefValidate); src/qemu/qemu_command.c (qemuGetAudioIDString), alike in 9.0.0",
    bad=Example("<sound model='ich9'>\n  <audio id='2'/> <!-- SOUND002 -->\n</sound>\n<audio id='1' type='none'/>"),
    good=Example("<sound model='ich9'>\n  <audio id='1'/>\n</sound>\n<audio id='1' type='none'/>"),
)
def sound_audio_missing(context: Context, sound: Element) -> Problems:
    """A sound card has no audio backend.

    It names one that the domain does not have: libvirt refuses to define the domain. Or it names none, the domain has
    none, and libvirt adds none either, as the domain's displays take no sound of themselves: then it does not start.
    """
    backends, named = context.domain.audio, child(sound, "audio")
    wanted = decimal(attribute(named, "id"))
    if named is not None and isinstance(wanted, int) and backends.has(wanted) is False:
        yield Problem(
            Spot(named, "id"),
            f"there is no <audio id='{wanted}'>",
            "write the id of an audio backend of the domain, or add one",
        )
    elif named is None and not backends.written and backends.is_one_added is False:
        yield Problem(
            Spot(sound),
            "the sound card has nowhere to play to: the domain has no audio backend, and with its displays libvirt"
            " adds none",
            "add one, as <audio id='1' type='none'/>",
            outcome=Outcome.START,
        )


# Audio backends.


def _each_audio(context: Context, audio: Element) -> Iterator[Element]:
    if context.domain.runs_on_qemu:
        yield audio


@rule(
    "SOUND010",
    "audio-id-twice",
    outcome=Outcome.DEFINE,
    on="devices/audio",
    each=_each_audio,
    asked="7.2.0",
    source=f"{_VALIDATE} (virDomainAudioDefValidate), alike in 9.0.0",
    bad=Example("<audio id='1' type='none'/>\n<audio id='1' type='alsa'/> <!-- SOUND010 -->"),
    good=Example("<audio id='1' type='none'/>\n<audio id='2' type='alsa'/>"),
)
def audio_id_twice(context: Context, audio: Element) -> Problems:
    """Two audio backends have the same id.

    libvirt refuses to define the domain.
    """
    number = decimal(attribute(audio, "id"))
    first = next((one for one, written in context.domain.audio.written if written == number), audio)
    if isinstance(number, int) and first is not audio:
        yield Problem(
            Spot(audio, "id"),
            f"the audio backend {number} is there already",
            "give each backend an id of its own",
            ((Spot(first, "id"), "the first one"),),
        )


@rule(
    "SOUND011",
    "spice-audio-without-display",
    outcome=Outcome.DEFINE,
    on="devices/audio",
    each=_each_audio,
    asked="9.0.0",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefAudio), alike in 9.0.0",
    bad=Example("<audio id='1' type='spice'/> <!-- SOUND011 -->"),
    good=Example("<audio id='1' type='spice'/>\n<graphics type='spice' autoport='yes'/>"),
)
def spice_audio_without_display(context: Context, audio: Element) -> Problems:
    """Sound shall go to the client of a SPICE display, and there is no such display.

    libvirt refuses to define the domain.
    """
    if attribute(audio, "type") == "spice" and has_graphics(context.domain.graphics, "spice") is False:
        yield Problem(
            Spot(audio, "type"),
            "the sound shall go to SPICE, and the domain has no display of SPICE",
            "add <graphics type='spice'/>, or take another backend, as type='none'",
        )


_DIRECTIONS: Final = ("input", "output")


@rule(
    "SOUND012",
    "audio-settings-not-fixed",
    outcome=Outcome.DEFINE,
    on="devices/audio",
    each=_each_audio,
    asked="7.2.0",
    source=_PARSER,
    bad=Example(
        "<audio id='1' type='alsa'>\n  <output>\n    <settings frequency='44100'/> <!-- SOUND012 -->\n"
        "  </output>\n</audio>"
    ),
    good=Example(
        "<audio id='1' type='alsa'>\n  <output mixingEngine='yes' fixedSettings='yes'>\n"
        "    <settings frequency='44100'/>\n  </output>\n</audio>"
    ),
)
def audio_settings_not_fixed(context: Context, audio: Element) -> Problems:
    """Settings of sound are given that shall not be fixed, or shall be fixed without the mixing engine.

    `<settings>` needs fixedSettings='yes', and that mixingEngine='yes'. libvirt refuses to define the domain.
    """
    for direction in _DIRECTIONS:
        element = child(audio, direction)
        if element is None:
            continue
        fixed, mixed, settings = (
            attribute(element, "fixedSettings"),
            attribute(element, "mixingEngine"),
            child(element, "settings"),
        )
        if fixed == "yes" and mixed not in ("yes", UNKNOWN):
            yield Problem(
                Spot(element, "fixedSettings"), "fixed settings need the mixing engine", "add mixingEngine='yes'"
            )
        if settings is not None and not isinstance(fixed, Unknown) and fixed != "yes":
            yield Problem(
                Spot(settings), "these settings hold only where they are fixed", "add fixedSettings='yes' above"
            )
