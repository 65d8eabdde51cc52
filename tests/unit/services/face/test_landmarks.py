"""The index sets against the model's own connections."""

from mediapipe.python.solutions import face_mesh_connections as connections

from services.face import landmarks as lm


def points_of(edges: frozenset[tuple[int, int]]) -> set[int]:
    """The landmarks that some connections join."""
    return {point for edge in edges for point in edge}


def test_the_sets_belong_to_the_parts_they_name() -> None:
    assert set(lm.OVAL) == points_of(connections.FACEMESH_FACE_OVAL)
    assert set(lm.RIGHT_EYE) <= points_of(connections.FACEMESH_RIGHT_EYE)
    assert set(lm.LEFT_EYE) <= points_of(connections.FACEMESH_LEFT_EYE)
    assert {point for pair in lm.INNER_LIPS for point in pair} <= points_of(connections.FACEMESH_LIPS)


def test_neighbours_on_the_oval_are_connected() -> None:
    edges = {frozenset(edge) for edge in connections.FACEMESH_FACE_OVAL}
    assert {frozenset(edge) for edge in zip(lm.OVAL, (*lm.OVAL[1:], lm.OVAL[0]), strict=True)} == edges
