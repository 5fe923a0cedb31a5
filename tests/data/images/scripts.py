"""What the page is asked to do, in its own language."""

from __future__ import annotations

__all__ = ["BUILD", "EXTENT", "LOOK_AT", "RUN", "SHOWN"]

RUN = """([only, limit]) => new Promise((resolve) => {
    const names = ["execution_success", "execution_error", "execution_interrupted"];
    const stop = setTimeout(() => resolve(["timeout", {}]), limit);
    for (const name of names)
        app.api.addEventListener(name, ({ detail }) => {
            clearTimeout(stop);
            resolve([name, detail]);
        }, { once: true });
    app.queuePrompt(0, 1, only?.map(String)).then((queued) => {
        if (!queued) resolve(["refused", { exception_message: "ComfyUI did not take the graph" }]);
    });
})"""
# Every image in sight has arrived; those out of sight are loaded when they come into it.
SHOWN = """() => [...document.querySelectorAll("[data-node-id] img")].every((image) => {
    const box = image.getBoundingClientRect();
    const seen = box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight;
    return image.complete || !seen;
})"""
# [left, top, right, bottom] in canvas units; a title bar lies 30 units above its node's place.
EXTENT = """(ids) => {
    const nodes = app.graph.nodes.filter((node) => !ids || ids.includes(Number(node.id)));
    const spots = nodes.map(({ pos, size }) =>
        [pos[0], pos[1] - 30, pos[0] + size[0], pos[1] + size[1]]);
    if (!ids) spots.push(...app.graph.groups.map(({ pos, size }) =>
        [pos[0], pos[1], pos[0] + size[0], pos[1] + size[1]]));
    return [0, 1, 2, 3].map((side) =>
        Math[side < 2 ? "min" : "max"](...spots.map((spot) => spot[side])));
}"""
LOOK_AT = """(offset) => {
    app.canvas.deselectAll?.();
    app.canvas.ds.scale = 1;
    app.canvas.ds.offset = offset;
    app.canvas.setDirty(true, true);
}"""
# The page keeps what a node showed by its id, so that no id may come twice.
BUILD = """(specs) => {
    window.imageIds ??= 1000;
    const made = {};
    specs.forEach((spec, index) => {
        const node = LiteGraph.createNode(spec.kind);
        node.pos = spec.at ?? [-4000, index * 1200];
        node.id = ++window.imageIds;
        if (spec.title) node.title = spec.title;
        app.graph.add(node);
        if (spec.size) node.setSize(spec.size);
        made[spec.name] = node;
        for (const [name, value] of Object.entries(spec.widgets ?? {})) {
            const widget = node.widgets.find((found) => found.name === name);
            widget.value = value;
            widget.callback?.(value, app.canvas, node); // shows what the choice uses
        }
    });
    for (const spec of specs)
        for (const [name, source] of Object.entries(spec.links ?? {})) {
            const [from, output] = source.split(".");
            const [origin, target] = [made[from], made[spec.name]];
            const ends = [origin.findOutputSlot(output), target.findInputSlot(name)];
            if (Math.min(...ends) < 0) throw new Error(`${spec.name}: no ${name} or ${source}`);
            origin.connect(ends[0], target, ends[1]);
        }
    return Object.fromEntries(Object.entries(made).map(([name, node]) => [name, Number(node.id)]));
}"""
