"""Procedural materials for the sample scenes: every surface is computed from object coordinates in
metres.
"""

from __future__ import annotations

from typing import Any

import bpy

Color = str | tuple[float, float, float]
Socket = Any


def linear(color: Color) -> tuple[float, float, float, float]:
    """`#rrggbb` (sRGB) or a linear triple as linear RGBA."""
    if not isinstance(color, str):
        return (*color, 1.0)
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return (r, g, b, 1.0)


class Graph:
    """One material's node tree with the few operations that the surfaces below are made of."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.surface = self.tree.nodes["Principled BSDF"]

    def node(self, kind: str, inputs: dict[str | int, Any] | None = None, **props: Any) -> Any:
        made = self.tree.nodes.new(kind)
        for key, value in props.items():
            setattr(made, key, value)
        for key, value in (inputs or {}).items():
            self.put(made.inputs[key], value)
        return made

    def put(self, socket: Socket, value: Any) -> None:
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, socket)
        elif isinstance(value, str):
            socket.default_value = linear(value)
        else:
            socket.default_value = value

    def coords(self, scale: tuple[float, float, float] = (1, 1, 1), spin: float = 0.0) -> Socket:
        source = self.node("ShaderNodeTexCoord").outputs["Object"]
        return self.node(
            "ShaderNodeMapping", {"Vector": source, "Scale": scale, "Rotation": (0, 0, spin)}
        ).outputs[0]

    def wall_coords(self) -> Socket:
        """(x + y, z, 0): bricks run round the corners of axis-aligned walls."""
        source = self.node("ShaderNodeTexCoord").outputs["Object"]
        xyz = self.node("ShaderNodeSeparateXYZ", {0: source}).outputs
        along = self.math("ADD", xyz[0], xyz[1])
        return self.node("ShaderNodeCombineXYZ", {0: along, 1: xyz[2]}).outputs[0]

    def noise(
        self, vector: Socket, scale: float, detail: float = 3.0, rough: float = 0.5
    ) -> Socket:
        inputs = {"Vector": vector, "Scale": scale, "Detail": detail, "Roughness": rough}
        return self.node("ShaderNodeTexNoise", inputs).outputs[0]

    def math(self, operation: str, a: Any, b: Any = 0.0) -> Socket:
        return self.node("ShaderNodeMath", {0: a, 1: b}, operation=operation).outputs[0]

    def ramp(self, factor: Socket, stops: list[tuple[float, Color]]) -> Socket:
        made = self.node("ShaderNodeValToRGB", {0: factor})
        elements = made.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(0.5)
        for element, (position, color) in zip(elements, stops, strict=True):
            element.position, element.color = position, linear(color)
        return made.outputs[0]

    def span(
        self, factor: Socket, low: float, high: float, start: float = 0.3, end: float = 0.7
    ) -> Socket:
        inputs = {0: factor, 1: start, 2: end, 3: low, 4: high}
        return self.node("ShaderNodeMapRange", inputs).outputs[0]

    def mix(self, factor: Any, a: Any, b: Any, blend: str = "MIX") -> Socket:
        made = self.node("ShaderNodeMix", data_type="RGBA", blend_type=blend)
        for index, value in ((0, factor), (6, a), (7, b)):
            self.put(made.inputs[index], value)
        return made.outputs[2]

    def bump(self, height: Socket, metres: float, strength: float = 1.0) -> None:
        made = self.node(
            "ShaderNodeBump", {"Height": height, "Distance": metres, "Strength": strength}
        )
        self.put(self.surface.inputs["Normal"], made.outputs[0])

    def finish(self, **inputs: Any) -> bpy.types.Material:
        """Set inputs of the Principled surface (underscores stand for blanks) and hand out the
        material.
        """
        for key, value in inputs.items():
            self.put(self.surface.inputs[key.replace("_", " ")], value)
        return self.material


def plain(name: str, color: Color, roughness: float = 0.5, **inputs: Any) -> bpy.types.Material:
    """One colour with a faint large-scale unevenness of tone and gloss."""
    graph = Graph(name)
    cloud = graph.noise(graph.coords(), 9.0, 4.0)
    tone = graph.mix(graph.span(cloud, 0.0, 0.16), linear(color), (0.0, 0.0, 0.0, 1.0))
    rough = graph.span(cloud, roughness * 0.88, min(roughness * 1.12, 1.0))
    return graph.finish(Base_Color=tone, Roughness=rough, **inputs)


def plaster(
    name: str, color: Color, relief: float = 0.0015, stain: float = 0.12
) -> bpy.types.Material:
    graph = Graph(name)
    place = graph.coords()
    broad = graph.noise(place, 1.3, 6.0, 0.62)
    tone = graph.mix(graph.span(broad, 0.0, stain), linear(color), (0.09, 0.075, 0.06, 1.0))
    graph.bump(graph.noise(place, 55.0, 4.0), relief)
    return graph.finish(Base_Color=tone, Roughness=0.85)


def wood(
    name: str, dark: Color, light: Color, axis: str = "x", gloss: float = 0.4, scale: float = 1.0
) -> bpy.types.Material:
    """Grain stretched along `axis`, with darker streaks and gloss that follows the grain."""
    graph = Graph(name)
    stretch = {"x": (0.6, 9, 9), "y": (9, 0.6, 9), "z": (9, 9, 0.6)}[axis]
    place = graph.coords(tuple(scale * s for s in stretch))
    warp = graph.noise(place, 1.1, 5.0, 0.6)
    fine = graph.noise(place, 9.0, 6.0, 0.7)
    grain = graph.mix(0.45, warp, fine)
    tone = graph.ramp(grain, [(0.36, dark), (0.62, light)])
    graph.bump(grain, 0.0008)
    return graph.finish(Base_Color=tone, Roughness=graph.span(grain, gloss * 1.25, gloss * 0.85))


def planks(
    name: str,
    tones: tuple[Color, Color, Color],
    size: tuple[float, float] = (1.3, 0.13),
    gloss: float = 0.3,
) -> bpy.types.Material:
    """A boarded floor: boards of `size` metres along x, each with its own tone."""
    graph = Graph(name)
    board = _bricks(graph, graph.coords(), size, 0.0016)
    place = graph.coords((1.6, 26, 1))
    shifted = graph.node(
        "ShaderNodeVectorMath",
        {0: place, 1: graph.mix(1.0, board.outputs["Color"], (60, 60, 60, 1), "MULTIPLY")},
        operation="ADD",
    ).outputs[0]
    grain = graph.noise(shifted, 1.0, 7.0, 0.65)
    body = graph.ramp(grain, [(0.3, tones[0]), (0.52, tones[1]), (0.75, tones[2])])
    body = graph.mix(
        0.45,
        body,
        graph.ramp(board.outputs["Color"], [(0.0, "#8a8079"), (1.0, "#ffffff")]),
        "MULTIPLY",
    )
    body = graph.mix(board.outputs["Fac"], body, linear("#1c130c"))
    graph.bump(
        graph.math("SUBTRACT", graph.math("MULTIPLY", grain, 0.12), board.outputs["Fac"]), 0.0016
    )
    return graph.finish(Base_Color=body, Roughness=graph.span(grain, gloss * 1.3, gloss))


def _bricks(
    graph: Graph, vector: Socket, size: tuple[float, float], joint: float, shift: float = 0.5
) -> Any:
    """A running bond; its Color output is a random grey per brick, its Fac output the joint."""
    inputs = {
        "Vector": vector,
        "Color1": (0, 0, 0, 1),
        "Color2": (1, 1, 1, 1),
        "Mortar": (0.5, 0.5, 0.5, 1),
        "Scale": 1.0,
        "Mortar Size": joint,
        "Mortar Smooth": 0.15,
        "Bias": 0.0,
        "Brick Width": size[0],
        "Row Height": size[1],
    }
    return graph.node("ShaderNodeTexBrick", inputs, offset=shift)


def brick(name: str, tones: tuple[Color, Color], mortar: Color = "#a79c8d") -> bpy.types.Material:
    graph = Graph(name)
    place = graph.wall_coords()
    bond = _bricks(graph, place, (0.24, 0.083), 0.006)
    cloud = graph.noise(place, 2.0, 8.0, 0.65)
    body = graph.ramp(bond.outputs["Color"], [(0.0, tones[0]), (1.0, tones[1])])
    body = graph.mix(graph.span(cloud, 0.0, 0.45), body, linear("#2b1d17"))
    body = graph.mix(bond.outputs["Fac"], body, linear(mortar))
    height = graph.math("SUBTRACT", graph.math("MULTIPLY", cloud, 0.5), bond.outputs["Fac"])
    graph.bump(height, 0.007)
    return graph.finish(Base_Color=body, Roughness=0.88)


def paving(
    name: str,
    tones: tuple[Color, Color],
    size: tuple[float, float],
    joint: Color = "#4d4a45",
    roughness: float = 0.8,
    shift: float = 0.5,
    joint_width: float = 0.006,
) -> bpy.types.Material:
    """Slabs or setts on the ground, each with its own tone and stains over all of them."""
    graph = Graph(name)
    place = graph.coords()
    bond = _bricks(graph, place, size, joint_width, shift)
    cloud = graph.noise(place, 0.7, 8.0, 0.65)
    body = graph.ramp(bond.outputs["Color"], [(0.0, tones[0]), (1.0, tones[1])])
    body = graph.mix(graph.span(cloud, 0.0, 0.4), body, linear("#3c3833"))
    body = graph.mix(bond.outputs["Fac"], body, linear(joint))
    fine = graph.noise(place, 60.0, 3.0)
    graph.bump(
        graph.math("SUBTRACT", graph.math("MULTIPLY", fine, 0.4), bond.outputs["Fac"]), 0.004
    )
    return graph.finish(Base_Color=body, Roughness=graph.span(cloud, roughness * 0.8, roughness))


def checker(
    name: str, first: Color, second: Color, side: float, roughness: float = 0.12
) -> bpy.types.Material:
    """Polished stone laid diagonally, with veins and thin joints."""
    graph = Graph(name)
    place = graph.coords(spin=0.7853982)
    board = graph.node("ShaderNodeTexChecker", {"Vector": place, "Scale": 1.0 / side}).outputs[
        "Fac"
    ]
    joint = _bricks(graph, place, (side, side), 0.003, 0.0).outputs["Fac"]
    veins = graph.math("ABSOLUTE", graph.math("SUBTRACT", graph.noise(place, 1.7, 9.0, 0.62), 0.5))
    vein = graph.span(veins, 0.55, 0.0, 0.0, 0.035)
    body = graph.mix(board, linear(first), linear(second))
    body = graph.mix(vein, body, graph.mix(board, linear("#9c8f7f"), linear("#7d756c")))
    cloud = graph.noise(place, 0.9, 6.0, 0.6)
    body = graph.mix(graph.span(cloud, 0.0, 0.28), body, linear("#4b4238"))
    body = graph.mix(joint, body, linear("#2e2a26"))
    graph.bump(graph.math("MULTIPLY", joint, -1.0), 0.002)
    return graph.finish(Base_Color=body, Roughness=graph.span(cloud, roughness, roughness * 2.4))


def fabric(name: str, color: Color, thread: float = 0.004, fuzz: float = 0.4) -> bpy.types.Material:
    """A woven cloth: crossing threads of `thread` metres in relief, uneven tone, sheen."""
    graph = Graph(name)
    place = graph.coords()
    wefts = [
        graph.node(
            "ShaderNodeTexWave",
            {"Vector": place, "Scale": 0.31 / thread, "Distortion": 1.2, "Detail": 1.0},
            bands_direction=direction,
        ).outputs["Fac"]
        for direction in ("X", "Y", "Z")
    ]
    weave = graph.math("MAXIMUM", graph.math("MAXIMUM", wefts[0], wefts[1]), wefts[2])
    cloud = graph.noise(place, 14.0, 5.0, 0.6)
    tone = graph.mix(graph.span(cloud, 0.0, 0.28), linear(color), (0.02, 0.018, 0.015, 1.0))
    graph.bump(graph.mix(0.5, weave, cloud), thread * 0.35, 0.6)
    return graph.finish(Base_Color=tone, Roughness=0.92, Sheen_Weight=fuzz, Sheen_Roughness=0.5)


def rug(
    name: str, ground: Color, figure: Color, accent: Color, half: tuple[float, float]
) -> bpy.types.Material:
    """A woven rug with the half-sides `half` in metres: striped border, field of diamonds."""
    graph = Graph(name)
    source = graph.node("ShaderNodeTexCoord").outputs["Object"]
    xyz = graph.node("ShaderNodeSeparateXYZ", {0: source}).outputs
    wobble = graph.math("MULTIPLY", graph.noise(source, 30.0, 2.0), 0.012)
    x = graph.math("ADD", graph.math("ABSOLUTE", xyz[0]), wobble)
    y = graph.math("ADD", graph.math("ABSOLUTE", xyz[1]), wobble)
    rim = graph.math(
        "MINIMUM", graph.math("SUBTRACT", half[0], x), graph.math("SUBTRACT", half[1], y)
    )
    diamonds = graph.math(
        "PINGPONG",
        graph.math("ADD", graph.math("PINGPONG", x, 0.2), graph.math("PINGPONG", y, 0.2)),
        0.1,
    )
    field = graph.ramp(
        diamonds,
        [(0.02, ground), (0.03, figure), (0.055, figure), (0.065, ground), (0.085, accent)],
    )
    field.node.color_ramp.interpolation = "CONSTANT"
    stripes = graph.ramp(
        graph.math("DIVIDE", rim, 0.25),
        [(0.0, ground), (0.3, figure), (0.5, accent), (0.6, figure), (0.8, ground)],
    )
    stripes.node.color_ramp.interpolation = "CONSTANT"
    inside = graph.math("GREATER_THAN", rim, 0.23)
    tone = graph.mix(inside, stripes, field)
    pile = graph.noise(source, 160.0, 3.0)
    tone = graph.mix(graph.span(pile, 0.0, 0.35), tone, (0.03, 0.025, 0.02, 1.0))
    graph.bump(pile, 0.006)
    return graph.finish(Base_Color=tone, Roughness=0.95, Sheen_Weight=0.3)


def leaf(name: str, dark: Color, light: Color) -> bpy.types.Material:
    """Foliage: part of the light passes through; tone drifts over the crown."""
    graph = Graph(name)
    place = graph.coords()
    tone = graph.ramp(graph.noise(place, 3.0, 4.0), [(0.3, dark), (0.7, light)])
    return _translucent(graph, tone, 0.4, 0.45)


def curtain(name: str, color: Color, through: float = 0.55) -> bpy.types.Material:
    graph = Graph(name)
    weave = graph.noise(graph.coords((1, 1, 0.3)), 180.0, 2.0)
    tone = graph.mix(graph.span(weave, 0.0, 0.15), linear(color), (0.2, 0.17, 0.14, 1.0))
    return _translucent(graph, tone, through, 0.9)


def _translucent(
    graph: Graph, tone: Socket, through: float, roughness: float
) -> bpy.types.Material:
    behind = graph.node("ShaderNodeBsdfTranslucent", {"Color": tone}).outputs[0]
    graph.finish(Base_Color=tone, Roughness=roughness)
    both = graph.node(
        "ShaderNodeMixShader", {0: through, 1: graph.surface.outputs[0], 2: behind}
    ).outputs[0]
    graph.put(graph.tree.nodes["Material Output"].inputs["Surface"], both)
    return graph.material


def glow(name: str, color: Color, strength: float) -> bpy.types.Material:
    return Graph(name).finish(
        Base_Color=linear(color), Emission_Color=linear(color), Emission_Strength=strength
    )


def canvas(
    name: str, stops: list[tuple[float, Color]], scale: float, warp: float
) -> bpy.types.Material:
    """An abstract painting: bands of colour bent by noise."""
    graph = Graph(name)
    place = graph.coords()
    xyz = graph.node("ShaderNodeSeparateXYZ", {0: place}).outputs
    bent = graph.math("MULTIPLY", graph.math("SUBTRACT", graph.noise(place, scale, 3.0), 0.5), warp)
    height = graph.math("ADD", graph.math("ADD", xyz[2], bent), 0.5)
    return graph.finish(Base_Color=graph.ramp(height, stops), Roughness=0.7)
