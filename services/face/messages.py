"""Extracted signals as protobuf messages."""

from notreally.v1 import face_pb2, media_pb2

from services.face.mesh import landmarks as lm
from services.face.signals.contours import steps
from services.face.windows import Heat, Progress, TrackSignals, WindowFaces


def response(item: Progress | WindowFaces) -> face_pb2.FaceServiceExtractWindowsResponse:
    """One message of the answer."""
    if isinstance(item, Progress):
        progress = media_pb2.WindowProgress(fraction=item.fraction, text=item.text)
        return face_pb2.FaceServiceExtractWindowsResponse(progress=progress)
    window = item.window
    return face_pb2.FaceServiceExtractWindowsResponse(
        window=face_pb2.FaceWindow(
            window=media_pb2.TimeWindow(index=window.index, start_s=window.start_s, end_s=window.end_s),
            frame_times_s=item.frame_times_s.tolist(),
            frames_decoded=item.frames_decoded,
            tracks=[_track(track) for track in item.tracks],
            thumbnails=[
                face_pb2.FaceThumbnail(time_s=one.time_s, track=one.track, jpeg=one.jpeg, heat=_heat(one.heat))
                for one in item.thumbnails
            ],
            frame_width=item.frame_size[0],
            frame_height=item.frame_size[1],
            faces_left_out=item.faces_left_out,
            face_networks=item.face_networks,
            frames_without_time=item.frames_without_time,
            turned_deg=-90 * item.turns % 360,
            frames_repeated=item.frames_repeated,
            frame_sizes=[
                face_pb2.FrameSize(width=width, height=height, frames=frames)
                for width, height, frames in item.frame_sizes
            ],
        )
    )


def _heat(heat: Heat | None) -> media_pb2.HeatMap | None:
    if heat is None:
        return None
    places = heat.places
    return media_pb2.HeatMap(
        log_odds=float(places.mean()), side=len(places), places=places.ravel().tolist(), feature=heat.feature
    )


def _track(track: TrackSignals) -> face_pb2.FaceTrack:
    return face_pb2.FaceTrack(
        frames=track.frames.tolist(),
        segments=track.segments.tolist(),
        ear_right=track.ear_right.tolist(),
        ear_left=track.ear_left.tolist(),
        mouth_gap=track.mouth_gap.tolist(),
        nose_x=track.nose[:, 0].tolist(),
        nose_y=track.nose[:, 1].tolist(),
        iod=track.iod.tolist(),
        yaw_deg=track.yaw_deg.tolist(),
        boxes=track.boxes.ravel().tolist(),
        textures=[
            face_pb2.FaceTexture(
                entry=texture.entry,
                eyes_contrast=texture.eyes_contrast,
                eyes_lightness=texture.eyes_lightness,
                mouth_contrast=texture.mouth_contrast,
            )
            for texture in track.textures
        ],
        crops=[
            face_pb2.FaceCrop(entry=crop.entry, appearance_log_odds=crop.appearance, blending_log_odds=crop.blending)
            for crop in track.crops
        ],
        movements=[face_pb2.FaceMovement(entry=one.entry, log_odds=one.log_odds) for one in track.movements],
        contours=media_pb2.FaceContours(
            line_points=[len(line.points) for line in lm.CONTOURS],
            line_closed=[line.closed for line in lm.CONTOURS],
            frames=track.frames[track.contours.entries].tolist(),
            steps=steps(track.contours.points).tolist(),
        ),
    )
