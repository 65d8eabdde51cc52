"""docs/features.md says what the code says."""

import re
from pathlib import Path

from notreally.v1 import features_pb2

from gateway.features import vector
from gateway.features.definitions import FEATURES, SCHEMA_VERSION
from gateway.verdict import evidence

PAGE = (Path(__file__).parents[4] / "docs" / "features.md").read_text(encoding="utf-8")
MODALITIES = {
    features_pb2.MODALITY_FACE: "face",
    features_pb2.MODALITY_AUDIO: "audio",
    features_pb2.MODALITY_METADATA: "metadata",
    features_pb2.MODALITY_FACE_AND_AUDIO: "face and audio",
}


def test_the_page_describes_the_ten_features_in_order() -> None:
    assert re.findall(r"^## `(\w+)`$", PAGE, re.MULTILINE) == [spec.name for spec in FEATURES]


def test_each_section_says_what_the_spec_says() -> None:
    sections = dict(zip(*[iter(re.split(r"^## (.+)$", PAGE, flags=re.MULTILINE)[1:])] * 2, strict=True))
    for spec in FEATURES:
        section = sections[f"`{spec.name}`"]
        assert f"- Label: {spec.label}\n" in section
        assert f"- Modality: {MODALITIES[spec.modality]}\n" in section
        assert f"- Unit: {spec.unit}\n" in section
        assert f"- For people: {spec.sentence}\n" in section
        assert f"- Definition: {spec.definition}\n" in section
        assert re.search(r"^- Missing when: .+\.$", section, re.MULTILINE)
        assert re.search(r"^- Source: .+\.$", section, re.MULTILINE)


def test_the_page_names_the_schema_version_and_the_limits() -> None:
    assert f"Schema version: {SCHEMA_VERSION}." in PAGE
    assert f"less than {vector.LEAST_BLINK_S:g} s, or there are fewer than {vector.LEAST_FPS:g} frames" in PAGE
    assert f"less than {vector.LEAST_MOTION_S:g} s of consecutive frames" in PAGE
    assert f"followed without a break for less than {vector.LEAST_SPAN_S:g} seconds" in PAGE
    assert f"| the median IOD is below {vector.LEAST_IOD_PX:g} px |" in PAGE
    assert f"less than {vector.LEAST_VOICED_S:g} s of it are voiced" in PAGE
    assert f"less than {evidence.LEAST_FACE_S:g} s in all" in PAGE
    assert f"less than {100 * evidence.LEAST_COVERAGE:g} % of the analysed frames" in PAGE
    assert f"fewer than {evidence.LEAST_FEATURES} of the ten features" in PAGE


def test_sentences_are_sentences_and_labels_fit_into_one() -> None:
    for spec in FEATURES:
        assert spec.sentence[0].isupper()
        assert spec.sentence.endswith(".")
        assert spec.label[0].islower()
