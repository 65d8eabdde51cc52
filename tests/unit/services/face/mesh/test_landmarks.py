"""The index sets against the model's own connections."""

from mediapipe.python.solutions import face_mesh_connections as connections

from services.face.mesh import landmarks as lm


def points_of(edges: frozenset[tuple[int, int]]) -> set[int]:
    """The landmarks that some connections join."""
    return {point for edge in edges for point in edge}


def test_the_sets_belong_to_the_parts_they_name() -> None:
    assert set(lm.OVAL) == points_of(connections.FACEMESH_FACE_OVAL)
    assert set(lm.RIGHT_EYE) <= points_of(connections.FACEMESH_RIGHT_EYE)
    assert set(lm.LEFT_EYE) <= points_of(connections.FACEMESH_LEFT_EYE)
    assert {point for pair in lm.INNER_LIPS for point in pair} <= points_of(connections.FACEMESH_LIPS)


def test_contours_follow_the_parts_they_are_named_after() -> None:
    parts = [
        connections.FACEMESH_FACE_OVAL,
        connections.FACEMESH_RIGHT_EYE,
        connections.FACEMESH_LEFT_EYE,
        connections.FACEMESH_RIGHT_EYEBROW,
        connections.FACEMESH_LEFT_EYEBROW,
        connections.FACEMESH_LIPS,
        connections.FACEMESH_LIPS,
        connections.FACEMESH_NOSE,
        connections.FACEMESH_NOSE,
    ]
    for line, edges in zip(lm.CONTOURS, parts, strict=True):
        assert len(set(line.points)) == len(line.points)
        followers = line.points[1:] + (line.points[:1] if line.closed else ())
        for one, other in zip(line.points, followers, strict=False):
            assert other in within(edges, one, 3), (one, other)
    drawn = {point for line in lm.CONTOURS for point in line.points}
    assert {*lm.RIGHT_EYE, *lm.LEFT_EYE, lm.NOSE_TIP} <= drawn
    assert {point for pair in lm.INNER_LIPS for point in pair} <= drawn


def within(edges: frozenset[tuple[int, int]], start: int, most: int) -> set[int]:
    """The landmarks that so many connections lead to at most."""
    reached = {start}
    for _ in range(most):
        reached |= {point for edge in edges if reached & set(edge) for point in edge}
    return reached


def test_neighbours_on_the_oval_are_connected() -> None:
    edges = {frozenset(edge) for edge in connections.FACEMESH_FACE_OVAL}
    assert {frozenset(edge) for edge in zip(lm.OVAL, (*lm.OVAL[1:], lm.OVAL[0]), strict=True)} == edges
