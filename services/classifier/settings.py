"""Settings of the classifier."""

from pathlib import Path

from pydantic import AliasChoices, Field

from services.kit.settings import ServiceSettings, metrics_listen

SHIPPED_MODEL = Path(__file__).resolve().parents[2] / "models" / "default.json"


class ClassifierSettings(ServiceSettings):
    """Settings of the classifier, read from the environment once."""

    listen: str = Field(default="127.0.0.1:50055", validation_alias="NOTREALLY_CLASSIFIER_LISTEN")
    metrics_listen: str = metrics_listen("CLASSIFIER")

    model_path: Path = Field(default=SHIPPED_MODEL, validation_alias=AliasChoices("MODEL_PATH", "NOTREALLY_MODEL_PATH"))
    """The model to score with: an XGBoost .json or .ubj file made by `make train`."""
