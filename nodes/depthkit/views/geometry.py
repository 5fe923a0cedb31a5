"""From depth to space: points, surface normals, and a triangle mesh over the pixel grid.

Everything here is in OpenCV camera axes (x right, y down, z forward) and the unit of the map;
`to_gltf` and `normal_image` are the exporters' flips.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ..conversions import to_metric
from ..depth_map import DepthMap, Pinhole
from ..errors import InvalidInput, MissingInformation
from ..progress import Progress
from .sphere import directions

__all__ = [
    "DEFAULT_FOV_DEG",
    "NORMAL_STYLES",
    "GridMesh",
    "grid_mesh",
    "normal_image",
    "normals",
    "to_gltf",
    "unproject",
    "with_space",
]

DEFAULT_FOV_DEG = 60.0
# Relative depth has no metres: its own ends are read as these, the depth range of a room.
RELATIVE_NEAR, RELATIVE_FAR = 1.0, 5.0
NORMAL_STYLES = {"OpenGL": (1.0, -1.0, -1.0), "DirectX": (1.0, 1.0, -1.0)}


@dataclass(frozen=True, slots=True)
class GridMesh:
    """Triangles over the pixels of one map, OpenCV axes, seen from the front.

    points: (N, 3) float32. faces: (M, 3) int64, counter-clockwise as the camera sees them.
    uv: (N, 2) float32, origin at the top left of the image, pixel centres at +0.5.
    """

    points: Tensor
    faces: Tensor
    uv: Tensor


def with_space(
    depth: DepthMap, fov_deg: float = 0.0, near: float | None = None, far: float | None = None
) -> DepthMap:
    """A metric map with a camera, whatever came in.

    fov_deg: horizontal field of view; 0 takes the map's own camera, or DEFAULT_FOV_DEG where there
    is none. near, far: metres of relative depth; None reads its ends as 1 and 5, so that the shape
    is plausible and the scale free; one alone gives the other by the same ratio. A panorama needs
    no camera.
    """
    ratio = RELATIVE_FAR / RELATIVE_NEAR
    nearest = near or (far / ratio if far else RELATIVE_NEAR)
    metric = to_metric(depth, nearest, far or nearest * ratio)
    if depth.around:
        return metric
    camera = depth.camera
    if fov_deg > 0 or camera is None:
        camera = Pinhole.from_fov(fov_deg or DEFAULT_FOV_DEG, depth.width, depth.height)
    return replace(metric, camera=camera)


def unproject(depth: DepthMap) -> Tensor:
    """Where each pixel is in space: (B, H, W, 3) float32 metres, OpenCV axes, 0 where invalid.

    x = (u + 0.5 - cx) / fx * z, y alike; in a panorama the ray's direction times the distance.
    Raises MissingInformation without metres or a camera.
    """
    if depth.kind == "metric" and depth.around:
        return directions(depth.height, depth.width) * depth.values[..., None]
    if depth.kind != "metric" or depth.camera is None:
        raise MissingInformation(
            "Points in space need metric depth and a camera; give a field of view, and near and "
            "far for relative depth."
        )
    camera, z = depth.camera, depth.values
    u = (torch.arange(depth.width, dtype=torch.float32) + 0.5 - camera.cx) / camera.fx
    v = (torch.arange(depth.height, dtype=torch.float32) + 0.5 - camera.cy) / camera.fy
    return torch.stack((u * z, v[:, None] * z, z), dim=-1)


def normals(
    depth: DepthMap,
    fov_deg: float | None = None,
    *,
    on_progress: Progress | None = None,
) -> Tensor:
    """Unit surface normals towards the camera: (B, H, W, 3) float32, OpenCV axes, 0 where invalid.

    Each tangent mixes the differences to both neighbours, weighted by 1 / dz^2, so that it follows
    the surface a pixel lies on and not the gap behind it; on a plane all weights give the same
    direction.
    """
    space = with_space(depth, fov_deg or 0.0)
    directions = torch.empty(*space.values.shape, 3)
    # A frame at a time: the steps between need ten times the memory of the result.
    for index in range(space.batch):
        directions[index] = _frame_normals(space.frame(index))
        if on_progress is not None:
            on_progress(index + 1, space.batch)
    return directions


def _frame_normals(space: DepthMap) -> Tensor:
    """(H, W, 3) of a single map; planes of x, y and z inside, several times faster than triples."""
    points, reach, valid = unproject(space)[0].permute(2, 0, 1), space.values[0], space.valid[0]
    if space.around:
        # The last column and the first are neighbours.
        points, reach, valid = (torch.cat([p[..., -1:], p, p[..., :1]], -1)
                                for p in (points, reach, valid))  # fmt: skip
    points = points.contiguous()
    along_x = _tangent(points, reach, valid, dim=1)
    along_y = _tangent(points, reach, valid, dim=0)
    crossed = torch.linalg.cross(along_y, along_x, dim=0)
    # What a camera sees faces it; only noise can turn the cross product the other way.
    crossed = torch.where((crossed * points).sum(0) > 0, -crossed, crossed)
    length = _vector_length(crossed)
    unit = crossed.div_(length.clamp_min(1e-38))
    if (length == 0).any():
        facing = -points / _vector_length(points).clamp_min(1e-30)
        unit = torch.where(length > 0, unit, facing)
    unit = (unit * valid).permute(1, 2, 0)
    return unit[:, 1:-1] if space.around else unit


def _vector_length(planes: Tensor) -> Tensor:
    """(3, H, W) -> (H, W); squares of the tangents' weights would not fit into float32."""
    return torch.hypot(torch.hypot(planes[0], planes[1]), planes[2])


def _tangent(points: Tensor, reach: Tensor, valid: Tensor, dim: int) -> Tensor:
    """Unit direction of the surface along the rows (1) or columns (0) of (3, H, W) points.

    reach: (H, W) how far away they are, as the map says.
    """
    size = points.shape[dim + 1]
    total = torch.zeros_like(points)
    if size < 2:
        # One row or column: the surface is taken to be square to the line of sight there.
        total[1 - dim] = reach
        return total
    step = points.narrow(dim + 1, 1, size - 1) - points.narrow(dim + 1, 0, size - 1)
    both = valid.narrow(dim, 1, size - 1) & valid.narrow(dim, 0, size - 1)
    scale = reach.narrow(dim, 1, size - 1).abs().clamp_min(1e-30)
    away = reach.narrow(dim, 1, size - 1) - reach.narrow(dim, 0, size - 1)
    weight = both / ((away / scale).square() + 1e-10)
    step.mul_(weight.div_(scale))
    total.narrow(dim + 1, 0, size - 1).add_(step)
    total.narrow(dim + 1, 1, size - 1).add_(step)
    lonely = total.abs().amax(dim=0) == 0
    total[1 - dim] += lonely * reach
    return total.div_(_vector_length(total).clamp_min(1e-30))


def normal_image(directions: Tensor, style: str = "OpenGL") -> Tensor:
    """Normals as colours 0..1: (B, H, W, 3). OpenGL has green up, DirectX green down.

    Pixels without a normal look straight at the camera, the neutral blue of normal maps.
    """
    if style not in NORMAL_STYLES:
        raise InvalidInput(f"Unknown style {style!r}; use one of {', '.join(NORMAL_STYLES)}.")
    signs, towards = directions.new_tensor(NORMAL_STYLES[style]), directions.new_tensor((0, 0, 1))
    out = torch.empty_like(directions)
    for image, frame in zip(out, directions, strict=True):
        none = frame.abs().amax(dim=-1, keepdim=True) == 0
        flipped = torch.where(none, towards, frame * signs)
        image.copy_(flipped.mul_(0.5).add_(0.5).clamp_(0, 1))
    return out


def grid_mesh(depth: DepthMap, cut: float = 0.1, step: int = 1) -> GridMesh:
    """Two triangles per cell of the pixel grid of one metric map with a camera.

    cut: a cell is left out where neighbouring pixels inside it differ in depth by more than this
        share (0 keeps every cell). step: cells span this many pixels; jumps are looked for at full
        resolution. Cells with an invalid corner are left out.
    A panorama is closed: its last column is joined to its first. Raises InvalidInput where nothing
    stays.
    """
    if depth.batch != 1:
        raise InvalidInput("A mesh is made of one depth map; take the frames one by one.")
    if cut < 0 or step < 1:
        raise InvalidInput("The cut must be 0 or more, and the decimation step 1 or more.")
    space = unproject(depth)[0]
    if depth.around:
        depth, space = _closed_ring(depth), torch.cat([space, space[:, :1]], 1)
    rows, columns = _grid_lines(depth.height, step), _grid_lines(depth.width, step)
    faces = _faces(_whole_cells(depth, rows, columns, cut), len(columns))
    if len(faces) == 0:
        raise InvalidInput(
            "No triangle is left of this depth map: it has no 2 x 2 valid pixels in a row, or the "
            f"cut of {cut} is too strict. Raise the cut (0 turns it off), or save a point cloud."
        )
    used, faces = torch.unique(faces, return_inverse=True)
    points = space[rows][:, columns].reshape(-1, 3)[used]
    u = (columns + 0.5) / (depth.width - depth.around)
    v = (rows + 0.5) / depth.height
    uv = torch.stack(torch.meshgrid(u, v, indexing="xy"), dim=-1).reshape(-1, 2)[used]
    return GridMesh(points.contiguous(), faces, uv.float().contiguous())


def _closed_ring(depth: DepthMap) -> DepthMap:
    """A panorama with its first column once more at its end."""
    values, valid = (torch.cat([p, p[..., :1]], -1) for p in (depth.values, depth.valid))
    return replace(depth, values=values, valid=valid)


def _grid_lines(size: int, step: int) -> Tensor:
    lines = torch.arange(0, size, step)
    return lines if lines[-1] == size - 1 else torch.cat((lines, lines.new_tensor([size - 1])))


def _whole_cells(depth: DepthMap, rows: Tensor, columns: Tensor, cut: float) -> Tensor:
    """(rows - 1, columns - 1) bool: four valid corners and no jump inside."""
    valid = depth.valid[0]
    corner = valid[rows][:, columns]
    whole = corner[:-1, :-1] & corner[1:, :-1] & corner[:-1, 1:] & corner[1:, 1:]
    if cut == 0 or whole.numel() == 0:
        return whole
    z = depth.values[0]
    for dim in (0, 1):
        whole = whole & ~_any_between(_surface_breaks(z, valid, cut, dim), rows, columns, dim)
    return whole


def _surface_breaks(z: Tensor, valid: Tensor, cut: float, dim: int) -> Tensor:
    """(H, W) bool: the pixel and the next one along `dim` lie on different surfaces."""
    size = z.shape[dim]
    jumps = torch.zeros_like(valid)
    here, there = z.narrow(dim, 0, size - 1), z.narrow(dim, 1, size - 1)
    both = valid.narrow(dim, 0, size - 1) & valid.narrow(dim, 1, size - 1)
    far = (here - there).abs() > cut * torch.minimum(here, there)
    jumps.narrow(dim, 0, size - 1).copy_(both & far)
    return jumps


def _any_between(marks: Tensor, rows: Tensor, columns: Tensor, dim: int) -> Tensor:
    """Whether any mark lies in each cell, by a summed-area table.

    A mark stands for the step to the next pixel along `dim`, so that the cell's last line along
    that axis belongs to the next cell, and along the other axis to both.
    """
    table = F.pad(marks.int().cumsum(0).cumsum(1), (1, 0, 1, 0))
    last_row, last_column = (0, 1) if dim == 0 else (1, 0)
    top, bottom = table[rows[:-1]], table[rows[1:] + last_row]
    left, right = columns[:-1], columns[1:] + last_column
    return (bottom[:, right] - bottom[:, left] - top[:, right] + top[:, left]) > 0


def _faces(whole: Tensor, columns: int) -> Tensor:
    row, column = whole.nonzero(as_tuple=True)
    corner = row * columns + column
    below = corner + columns
    first = torch.stack((corner, below, corner + 1), dim=-1)
    second = torch.stack((corner + 1, below, below + 1), dim=-1)
    return torch.stack((first, second), dim=1).reshape(-1, 3)


def to_gltf(points: Tensor) -> Tensor:
    """OpenCV axes to glTF's (y up, the camera looks along -z): a half turn about x."""
    return points * points.new_tensor((1.0, -1.0, -1.0))
