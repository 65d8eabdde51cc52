"""Which videos belong together: the members of a pair are shown in the same way."""

from training.data.clips import Dataset


def augmentation_ids(dataset: Dataset) -> list[int]:
    """For each clip the number that seeds its augmentations; a fake of a pair has that of its real partner."""
    positions = {clip.path: index for index, clip in enumerate(dataset.clips)}
    partner = {positions[fake]: positions[real] for real, fake in dataset.pairs}
    return [partner.get(index, index) for index in range(len(dataset.clips))]
