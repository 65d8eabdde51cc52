"""What is said of the voice, and when the verdict is about it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notreally.v1 import analysis_pb2, classifier_pb2
from notreally.v1.analysis_pb2 import VoiceResult
from notreally.v1.audio_pb2 import VoiceReading
from notreally.v1.classifier_pb2 import Model, VoiceModel, VoiceScore
from notreally.v1.metadata_pb2 import AudioFacts, MediaFacts

from gateway.verdict.voice import headline_part, sound_only, voice_result
from tests.unit.gateway.synthetic_signals import media_facts, sound_clip

MODEL = Model(
    voice=VoiceModel(
        network="voice network", slope=2.0, intercept=-1.0, real_below=0.1, fake_above=0.8, suspicious_above=2.5
    )
)
FAKE = VoiceScore(prob_fake=0.9, band=classifier_pb2.BAND_FAKE)
FAKED, UNSURE, REAL, NONE = (
    analysis_pb2.VERDICT_LIKELY_FAKE,
    analysis_pb2.VERDICT_INCONCLUSIVE,
    analysis_pb2.VERDICT_LIKELY_REAL,
    analysis_pb2.VERDICT_INSUFFICIENT,
)


def test_the_verdict_is_the_band_of_the_voice() -> None:
    for band, verdict in (
        (classifier_pb2.BAND_FAKE, FAKED),
        (classifier_pb2.BAND_INCONCLUSIVE, UNSURE),
        (classifier_pb2.BAND_REAL, REAL),
    ):
        voice = voice_result(sound_clip(8.0), VoiceScore(prob_fake=0.3, band=band), MODEL)
        assert voice is not None
        assert (voice.verdict, voice.prob_fake, list(voice.insufficiency)) == (verdict, 0.3, [])


def test_seconds_that_are_scored_twice_count_once() -> None:
    windows = sound_clip(8.0, voiced_share=0.75, voice=None)
    windows[0].voice.extend(
        VoiceReading(start_s=start, end_s=end) for start, end in ((1.0, 3.0), (0.0, 2.0), (0.5, 1.0))
    )
    windows[1].voice.add(start_s=5.0, end_s=6.5)
    voice = voice_result(windows, FAKE, MODEL)
    assert voice is not None
    assert voice.voiced_s == pytest.approx(6.0)
    assert voice.scored_s == pytest.approx(4.5)
    assert [stretch.start_s for stretch in voice.stretches] == [0.0, 0.5, 1.0, 5.0]


def test_a_stretch_is_suspicious_above_the_models_limit() -> None:
    scores = {0.0: 2.5 + 1e-6, 1.0: 2.5 - 1e-6, 2.0: 1e9, 3.0: -1e9}
    voice = voice_result(sound_clip(4.0, voice=lambda time: scores[time]), FAKE, MODEL)
    assert voice is not None
    assert [stretch.suspicious for stretch in voice.stretches] == [True, False, True, False]
    calm = voice_result(
        sound_clip(4.0, voice=lambda _: 1e9), FAKE, Model(voice=VoiceModel(network="a", slope=9, fake_above=0.5))
    )
    assert calm is not None
    assert not any(stretch.suspicious for stretch in calm.stretches), "a model without a limit marks nothing"


def test_without_sound_nothing_is_said_of_a_voice() -> None:
    assert voice_result([], None, MODEL) is None
    assert voice_result(sound_clip(8.0, has_audio=False), None, MODEL) is None


def test_too_little_voice() -> None:
    voice = voice_result(sound_clip(4.0, voiced_share=0.499), FAKE, MODEL)
    assert voice is not None
    assert voice.verdict == NONE
    assert not voice.HasField("prob_fake")
    (reason,) = voice.insufficiency
    assert reason.reason == "TOO_LITTLE_VOICE"
    assert reason.text == (
        "A voice can be heard for 1.9 seconds, and at least 2 are needed. Use a recording in which the person speaks "
        "for longer."
    )


@pytest.mark.parametrize(
    ("scored", "score", "model", "words"),
    [
        (False, None, MODEL, "can be heard in short pieces only"),
        (True, None, MODEL, "can be heard in short pieces only"),  # an older classifier
        (True, None, Model(), "The model in use does not judge voices."),
        (True, FAKE, Model(), "The model in use does not judge voices."),
    ],
)
def test_a_voice_that_was_not_scored_says_why(scored: bool, score: VoiceScore | None, model: Model, words: str) -> None:
    sound = sound_clip(8.0) if scored else sound_clip(8.0, voice=None)
    voice = voice_result(sound, score, model)
    assert voice is not None
    assert (voice.verdict, voice.HasField("prob_fake")) == (NONE, False)
    (reason,) = voice.insufficiency
    assert reason.reason == "VOICE_NOT_SCORED"
    assert words in reason.text
    assert len(voice.stretches) == (8 if scored else 0)
    assert not any(stretch.suspicious for stretch in voice.stretches) or model is MODEL


@pytest.mark.parametrize(
    ("face", "voice", "is_voice"),
    [
        (FAKED, FAKED, False), (FAKED, UNSURE, False), (FAKED, REAL, False), (FAKED, NONE, False),
        (UNSURE, FAKED, True), (UNSURE, UNSURE, False), (UNSURE, REAL, False), (UNSURE, NONE, False),
        (REAL, FAKED, True), (REAL, UNSURE, True), (REAL, REAL, False), (REAL, NONE, False),
        (NONE, FAKED, True), (NONE, UNSURE, True), (NONE, REAL, True), (NONE, NONE, False),
    ],
)  # fmt: skip
def test_the_headline_is_the_worse_part(
    face: analysis_pb2.Verdict.ValueType, voice: analysis_pb2.Verdict.ValueType, is_voice: bool
) -> None:
    part = headline_part(face, VoiceResult(verdict=voice), media_facts())
    assert part == (analysis_pb2.PART_VOICE if is_voice else analysis_pb2.PART_FACE)


def test_without_a_voice_the_headline_is_the_face() -> None:
    assert headline_part(NONE, None, media_facts()) == analysis_pb2.PART_FACE


def test_of_a_sound_recording_the_headline_is_the_voice_whatever_is_said_of_it() -> None:
    facts = MediaFacts(container="wav", audio=AudioFacts(codec="pcm_s16le"))
    assert sound_only(facts)
    assert headline_part(NONE, None, facts) == analysis_pb2.PART_VOICE
    assert headline_part(NONE, VoiceResult(verdict=NONE), facts) == analysis_pb2.PART_VOICE
    assert not sound_only(MediaFacts())
    assert not sound_only(media_facts())


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=6), st.floats(-20, 20))
def test_a_higher_reading_is_never_less_suspicious(readings: list[float], above: float) -> None:
    model = Model(voice=VoiceModel(network="a", suspicious_above=above))
    sound = sound_clip(len(readings) + 1.0, voice=lambda time: sorted(readings)[min(int(time), len(readings) - 1)])
    voice = voice_result(sound, FAKE, model)
    assert voice is not None
    suspicious = [stretch.suspicious for stretch in voice.stretches]
    assert suspicious == sorted(suspicious)
