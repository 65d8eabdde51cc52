"""What people read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notreally.v1 import analysis_pb2
from notreally.v1.analysis_pb2 import AnalysisResult, EvidenceQuality, FaceResult, Reason
from notreally.v1.classifier_pb2 import FeatureContribution, FeatureSummary, Model, VoiceModel
from notreally.v1.metadata_pb2 import AudioFacts, MediaFacts

from gateway.features.vector import FEATURES
from gateway.verdict.summary import summarize
from gateway.verdict.voice import headline_part
from tests.unit.gateway.synthetic_signals import media_facts

MODEL = Model(
    prior_fake=0.5,
    features=[
        FeatureSummary(feature="blink_rate_per_min", p05=8, p95=31),
        FeatureSummary(feature="nose_jitter", p05=0.001, p95=0.004),
    ],
)
CONTRIBUTIONS = (
    FeatureContribution(feature="blink_rate_per_min", value=4.2, contribution=1.4),
    FeatureContribution(feature="nose_jitter", value=0.0052, contribution=0.6),
    FeatureContribution(feature="face_motion_log_odds", contribution=0.9),
    FeatureContribution(feature="face_blending_log_odds", value=-3.0, contribution=-0.3),
    FeatureContribution(feature="face_appearance_log_odds", value=0.1, contribution=0.01),
)
SILENT = dict.fromkeys(("mfcc_mean", "mfcc_std", "av_sync_corr"), "the video has no sound")


def result(
    verdict: analysis_pb2.Verdict.ValueType,
    prob_fake: float = 0.87,
    contributions: tuple[FeatureContribution, ...] = CONTRIBUTIONS,
    **changes: object,
) -> AnalysisResult:
    return AnalysisResult(
        verdict=verdict,
        prob_fake=prob_fake,
        prob_real=1 - prob_fake,
        contributions=contributions,
        model=MODEL,
        **changes,  # type: ignore[arg-type]
    )


def test_likely_fake() -> None:
    assert summarize(result(analysis_pb2.VERDICT_LIKELY_FAKE), SILENT, 1) == (
        "This video is likely fake. The estimated chance that the face is manipulated is 87%, if 50% of videos are "
        "fake to begin with. What raised it most: the blinking (4 times a minute, below the 8 to 31 usual in real "
        "videos) and the nose jitter (0.52% of the distance between the eyes, above the 0.1 to 0.4 usual in real "
        "videos). What lowered it most: the traces of blending (5 of 100). "
        "Not measured: the average timbre of the sound, the liveliness of the sound and the "
        "agreement of mouth and sound, because the video has no sound. This is an estimate, not proof."
    )


def test_likely_real() -> None:
    contributions = (FeatureContribution(feature="blink_rate_per_min", value=1.0, contribution=-0.8),)
    assert summarize(result(analysis_pb2.VERDICT_LIKELY_REAL, 0.004, contributions), {}, 1) == (
        "This video is likely real. The estimated chance that the face is manipulated is less than 1%, if 50% of "
        "videos are fake to begin with. What lowered it most: the blinking (1 time a minute, below the 8 to 31 usual "
        "in real videos). This is an estimate, not proof."
    )


def test_a_usual_value_is_not_offered_as_unusual_whichever_way_it_moved_the_score() -> None:
    contributions = (
        FeatureContribution(feature="blink_rate_per_min", value=12.0, contribution=1.4),
        FeatureContribution(feature="nose_jitter", value=0.009, contribution=-0.6),
    )
    text = summarize(result(analysis_pb2.VERDICT_LIKELY_FAKE, contributions=contributions), {}, 1)
    assert "What raised it most: the blinking (12 times a minute, within the 8 to 31 usual in real videos)." in text
    assert "What lowered it most: the nose jitter (0.9% of the distance between the eyes, above the 0.1 to 0.4" in text


def test_what_such_verdicts_were_worth_is_said_with_the_figures_of_the_model() -> None:
    tested = result(analysis_pb2.VERDICT_LIKELY_FAKE)
    tested.model.record.wrong_fake, tested.model.record.given = 0.062, 0.07
    said = "In tests on sources never seen before, 94 of 100 such verdicts were right; 93 of 100 videos got none."
    assert said in summarize(tested, {}, 1)
    tested.model.record.wrong_fake = 0.25
    assert " 75 of 100 such verdicts were right" in summarize(tested, {}, 1)
    tested.verdict = analysis_pb2.VERDICT_LIKELY_REAL
    assert "In tests" not in summarize(tested, {}, 1)
    tested.model.record.wrong_real = 0.1
    assert " 90 of 100 such verdicts were right" in summarize(tested, {}, 1)


def test_what_cannot_move_the_score_is_not_missed() -> None:
    silent = result(analysis_pb2.VERDICT_LIKELY_FAKE)
    silent.model.features.add(feature="mfcc_mean", used=False)
    silent.model.features.add(feature="av_sync_corr", used=True)
    text = summarize(silent, {"mfcc_mean": "the video has no sound", "av_sync_corr": "the video has no sound"}, 1)
    # One that is missing moved the score.
    assert "Not measured: the agreement of mouth and sound, because the video has no sound. This is" in text
    for item in silent.contributions:
        item.contribution = 0.0
    text = summarize(silent, {"av_sync_corr": "the video has no sound"}, 1)
    assert "has no sound. Missing measurements don't count for or against the video." in text


def test_a_model_that_gives_no_verdicts_gives_no_reasons_either() -> None:
    blind = result(analysis_pb2.VERDICT_INCONCLUSIVE, 0.5)
    blind.model.MergeFrom(Model(version="1", real_below=0.0, fake_above=1.0))
    assert summarize(blind, {}, 1) == (
        "We can't tell whether this video is real or fake. The model in use gives no verdicts: in tests on sources and "
        "methods it had never seen, it did not tell real from fake well enough."
    )
    blind.model.MergeFrom(Model(real_below=0.2, fake_above=0.9))
    assert "What raised it most" in summarize(blind, {}, 1)


@pytest.mark.parametrize(
    ("prob_fake", "band", "side"),
    [(0.1, (0.0, 0.9), "real"), (0.9, (0.1, 1.0), "fake"), (0.1, (0.05, 1.0), None), (0.9, (0.0, 0.95), None)],
)
def test_a_side_without_verdicts_is_said_where_the_score_points_to_it(
    prob_fake: float, band: tuple[float, float], side: str | None
) -> None:
    one_sided = result(analysis_pb2.VERDICT_INCONCLUSIVE, prob_fake)
    one_sided.model.MergeFrom(Model(version="1", real_below=band[0], fake_above=band[1]))
    text = summarize(one_sided, {}, 1)
    assert (f"The model in use calls no video {side}: in tests on sources and methods" in text) == (side is not None)
    assert "calls no video" in text or side is None


def test_inconclusive_names_the_strongest_sign_of_either_side() -> None:
    text = summarize(result(analysis_pb2.VERDICT_INCONCLUSIVE, 0.5), {}, 1)
    assert text.startswith("We can't tell whether this video is real or fake.")
    assert "What raised it most: the blinking" in text
    assert "What lowered it most: the traces of blending" in text
    assert "jitter" not in text
    assert "proof" not in text


def test_insufficient_says_why_and_gives_no_odds() -> None:
    reasons = [Reason(reason="NO_FACE", text="No face was found.")]
    text = summarize(result(analysis_pb2.VERDICT_INSUFFICIENT, insufficiency=reasons), SILENT, 0)
    assert text == "This video shows too little to tell whether it is real or fake. No face was found."


SPOKEN = Model(prior_fake=0.5, version="1", real_below=0.1, fake_above=0.9)
SPOKEN.voice.MergeFrom(VoiceModel(network="a", real_below=0.1, fake_above=0.9))
FACE_CHANCE = "The estimated chance that the face is manipulated is"
VOICE_CHANCE = "The estimated chance that the voice is synthesised is"


def spoken(
    face: analysis_pb2.Verdict.ValueType | None,
    voice: analysis_pb2.Verdict.ValueType,
    probs: tuple[float, float] = (0.3, 0.96),
    *,
    is_voice: bool = True,
    model: Model = SPOKEN,
    **changes: object,
) -> str:
    """The summary of a face (None: there is none) and a voice, whichever the headline is about."""
    answer = AnalysisResult(model=model, contributions=CONTRIBUTIONS if face else (), **changes)  # type: ignore[arg-type]
    answer.headline = analysis_pb2.PART_VOICE if is_voice else analysis_pb2.PART_FACE
    answer.voice.verdict, answer.voice.prob_fake = voice, probs[1]
    if face:
        answer.faces.add(number=1, verdict=face, prob_fake=probs[0])
    answer.verdict = voice if is_voice or not face else face
    answer.prob_fake = probs[1] if is_voice else probs[0]
    return summarize(answer, {}, 1 if face else 0)


def test_a_synthesised_voice_beside_a_face_that_would_not_be_called_fake() -> None:
    assert spoken(analysis_pb2.VERDICT_INCONCLUSIVE, analysis_pb2.VERDICT_LIKELY_FAKE) == (
        "This video is likely fake. The voice is likely synthesised; the face alone would not be called fake. The "
        "estimated chance that the voice is synthesised is 96%, if 50% of voices are to begin with. The estimated "
        "chance that the face is manipulated is 30%, if 50% of videos are fake to begin with. What raised it most: the "
        "blinking (4 times a minute). What lowered it most: the traces of blending (5 of 100). This is an estimate, "
        "not proof."
    )


def test_a_forged_face_is_named_before_the_voice() -> None:
    text = spoken(analysis_pb2.VERDICT_LIKELY_FAKE, analysis_pb2.VERDICT_INCONCLUSIVE, (0.97, 0.5), is_voice=False)
    assert text.startswith(
        f"This video is likely fake. The face is likely fake; the voice alone would not be called synthesised. "
        f"{FACE_CHANCE} 97%"
    )
    assert text.index(FACE_CHANCE) < text.index(VOICE_CHANCE)


@pytest.mark.parametrize("verdict", [1, 2, 3])
def test_where_face_and_voice_agree_that_is_said(verdict: analysis_pb2.Verdict.ValueType) -> None:
    text = spoken(verdict, verdict, is_voice=False)
    assert ". This holds for both the face and the voice. " in text


def test_a_voice_without_a_face_is_all_that_is_spoken_of() -> None:
    text = spoken(None, analysis_pb2.VERDICT_LIKELY_FAKE)
    assert text == (
        "The voice in this video is likely synthesised. The estimated chance that the voice is synthesised is 96%, if "
        "50% of voices are to begin with. This is an estimate, not proof."
    )
    recording = spoken(None, analysis_pb2.VERDICT_LIKELY_REAL, metadata=MediaFacts(audio=AudioFacts(codec="mp3")))
    assert recording.startswith("The voice in this recording is likely real. ")


def test_the_voice_beside_a_face_that_cannot_be_judged() -> None:
    text = spoken(analysis_pb2.VERDICT_INSUFFICIENT, analysis_pb2.VERDICT_LIKELY_FAKE)
    assert text.startswith("The voice in this video is likely synthesised. ")
    assert "face" not in text


def test_of_a_voice_that_cannot_be_judged_only_that_is_said() -> None:
    answer = result(analysis_pb2.VERDICT_LIKELY_FAKE, headline=analysis_pb2.PART_FACE)
    answer.voice.verdict = analysis_pb2.VERDICT_INSUFFICIENT
    answer.voice.insufficiency.add(reason="TOO_LITTLE_VOICE", text="A voice can be heard for 1 second.")
    text = summarize(answer, {}, 1)
    assert " Of the voice nothing can be said: a voice can be heard for 1 second. " in text
    assert VOICE_CHANCE not in text
    answer.voice.ClearField("verdict")
    answer.ClearField("voice")
    assert "Of the voice" not in summarize(answer, {}, 1)


@pytest.mark.parametrize(
    ("prob_fake", "band", "side"),
    [(0.1, (0.0, 0.9), "real"), (0.9, (0.1, 1.0), "synthesised"), (0.1, (0.05, 1.0), None), (0.9, (0.0, 0.95), None)],
)
def test_a_side_without_verdicts_on_voices_is_said(
    prob_fake: float, band: tuple[float, float], side: str | None
) -> None:
    model = Model(prior_fake=0.5)
    model.voice.MergeFrom(VoiceModel(network="a", real_below=band[0], fake_above=band[1]))
    text = spoken(None, analysis_pb2.VERDICT_INCONCLUSIVE, (0, prob_fake), model=model)
    assert (f"The model in use calls no voice {side}: in tests on pages and systems it had never heard" in text) == (
        side is not None
    )
    assert "calls no voice" in text or side is None


def test_a_model_that_gives_no_verdicts_on_voices_gives_no_chance_either() -> None:
    model = Model(prior_fake=0.5)
    model.voice.MergeFrom(VoiceModel(network="a", real_below=0, fake_above=1))
    text = spoken(analysis_pb2.VERDICT_INCONCLUSIVE, analysis_pb2.VERDICT_INCONCLUSIVE, is_voice=False, model=model)
    assert "it did not tell real from synthesised voices well enough." in text
    assert FACE_CHANCE in text
    assert VOICE_CHANCE not in text


def test_which_face_is_told_where_the_verdict_is_the_voices() -> None:
    text = spoken(analysis_pb2.VERDICT_LIKELY_REAL, analysis_pb2.VERDICT_LIKELY_FAKE, quality=EvidenceQuality(faces=3))
    assert "What is said of the face is about face 1 of 3" in text


def test_compression_is_context_and_no_sign() -> None:
    contributions = (FeatureContribution(feature="log10_bits_per_pixel", value=-1.0, contribution=2.0), *CONTRIBUTIONS)
    text = summarize(result(analysis_pb2.VERDICT_LIKELY_FAKE, contributions=contributions), {}, 1)
    assert "bits per pixel" not in text
    assert "The compression of the file moved the score most, and says nothing by itself." in text


def test_caveats() -> None:
    contributions = (
        FeatureContribution(feature="blink_rate_per_min", value=90.0, contribution=1.0, out_of_range=True),
        FeatureContribution(feature="mfcc_mean", value=90.0, contribution=0.0, out_of_range=True),  # not looked at
    )
    text = summarize(
        result(
            analysis_pb2.VERDICT_LIKELY_FAKE,
            contributions=contributions,
            out_of_range=True,
            quality=EvidenceQuality(faces=3, median_iod_px=44.4),
        ),
        {},
        2,
    )
    assert "This is about face 2 of 3, the most suspicious of those that can be judged." in text
    assert "Some values lie outside what the model was trained on (the blinking), so trust the score less." in text
    assert "The face is small (its eyes are 44 pixels apart), so its fine detail says less." in text


def test_reasons_for_missing_are_grouped() -> None:
    missing = {"blink_rate_per_min": "it is short", "mfcc_mean": "the video has no sound", "nose_jitter": "it is short"}
    assert (
        "Not measured: the blinking and the nose jitter, because it is short; the average timbre of the "
        "sound, because the video has no sound."
    ) in summarize(result(analysis_pb2.VERDICT_LIKELY_REAL), missing, 1)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("blink_rate_per_min", 0.0, "0 times a minute"),
        ("blink_rate_per_min", 1.2, "1 time a minute"),
        ("nose_jitter", 0.0123, "1.2% of the distance between the eyes"),
        ("voice_log_odds", -1.5, "18 of 100"),
        ("face_appearance_log_odds", 0.0, "50 of 100"),
        ("face_appearance_log_odds", 1.5, "82 of 100"),
        ("face_appearance_log_odds", -1e9, "0 of 100"),
        ("mfcc_std", 0.7312, "0.73"),
        ("av_sync_corr", 0.456, "0.46"),
        ("log10_bits_per_pixel", -1.0, "0.1 bits per pixel"),
    ],
)
def test_values_in_words(name: str, value: float, words: str) -> None:
    (spec,) = (spec for spec in FEATURES if spec.name == name)
    assert spec.words(value) == words


items = st.builds(
    FeatureContribution,
    feature=st.sampled_from([spec.name for spec in FEATURES]),
    value=st.none() | st.floats(-1e6, 1e6),
    contribution=st.floats(-9, 9),
    out_of_range=st.booleans(),
)


@given(
    st.sampled_from([verdict for verdict in analysis_pb2.Verdict.values() if verdict]),
    st.floats(0, 1),
    st.lists(items, max_size=10, unique_by=lambda item: item.feature),
    st.lists(st.text("abc", min_size=1), max_size=3),
    st.booleans(),
    st.integers(0, 3),
    st.none() | st.sampled_from([verdict for verdict in analysis_pb2.Verdict.values() if verdict]),
)
def test_every_warning_is_said_and_nothing_missing_is_a_sign(
    verdict: analysis_pb2.Verdict.ValueType,
    prob_fake: float,
    contributions: list[FeatureContribution],
    warnings: list[str],
    out_of_range: bool,
    number: int,
    voice: analysis_pb2.Verdict.ValueType | None,
) -> None:
    missing = {item.feature: "it could not be" for item in contributions if not item.HasField("value")}
    answer = result(
        verdict,
        prob_fake,
        tuple(contributions),
        warnings=[Reason(reason="W", text=f"Warning {warning}.") for warning in warnings],
        out_of_range=out_of_range,
        quality=EvidenceQuality(faces=number),
        faces=[FaceResult(verdict=verdict, prob_fake=prob_fake)] * number,
    )
    if voice is not None:
        answer.voice.verdict, answer.voice.prob_fake = voice, 0.5
        if voice == analysis_pb2.VERDICT_INSUFFICIENT:
            answer.voice.insufficiency.add(reason="R", text="It is quiet.")
        answer.headline = headline_part(verdict, answer.voice, media_facts())
        if answer.headline == analysis_pb2.PART_VOICE:
            answer.verdict = voice
    text = summarize(answer, missing, number)
    for warning in warnings:
        assert f"Warning {warning}." in text
    for spec in FEATURES:
        if spec.name in missing:
            assert f"the {spec.label} (" not in text
    if answer.verdict == analysis_pb2.VERDICT_INSUFFICIENT:
        assert "%" not in text.replace("% of the distance", "")
    assert text.endswith(".")
    assert "  " not in text
