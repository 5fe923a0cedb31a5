"""What makes a place cheap to trace: few objects, and no relief below a pixel."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

_DETAIL = 2.0  # octaves of noise that still show at this size


def simplify_materials() -> None:
    """Takes out relief and fine noise, which cost half of the time and are below a pixel."""
    for material in bpy.data.materials:
        if not material.use_nodes:
            continue
        tree = material.node_tree
        for node in list(tree.nodes):
            if node.type == "BUMP":
                tree.nodes.remove(node)
            elif node.type == "TEX_NOISE":
                detail = node.inputs["Detail"]
                detail.default_value = min(detail.default_value, _DETAIL)


def joined(things: Sequence[bpy.types.Object]) -> bpy.types.Object:
    """One mesh round the origin out of many objects, which cost more than their pixels."""
    base = bpy.data.objects.new("joined", bpy.data.meshes.new("joined"))
    bpy.context.scene.collection.objects.link(base)
    bpy.ops.object.select_all(action="DESELECT")
    for thing in (base, *things):
        thing.select_set(True)
    bpy.context.view_layer.objects.active = base
    bpy.ops.object.convert(target="MESH")
    bpy.ops.object.join()
    return base


def join_place() -> None:
    """Joins everything that is not marked with `own`."""
    kinds = {"MESH", "CURVE"}
    things = [o for o in bpy.context.scene.objects if o.type in kinds and not o.get("own")]
    joined(things)
