import assert from "node:assert/strict";
import { test } from "node:test";
import { firstReadable, isFileDrag, sendFile } from "../../web/lib/upload.mjs";

const text = (key, values) => `${key} ${values.name}`;
const answering = (status, data, seen = []) => async (path, options) => {
  seen.push({ path, ...options });
  return new Response(JSON.stringify(data), { status });
};

test("the first file with an extension that is read is taken", () => {
  const files = ["notes.txt", "exr", "A.EXR", "b.npy"].map((name) => new File(["x"], name));
  assert.equal(firstReadable(files, [".exr", ".npy"])?.name, "A.EXR");
  assert.equal(firstReadable(files, [".pfm"]), undefined);
});

test("a drag of files is told from a drag of text", () => {
  assert.ok(isFileDrag({ items: [{ kind: "string" }, { kind: "file" }] }));
  assert.ok(!isFileDrag({ items: [{ kind: "string" }] }));
  assert.ok(!isFileDrag(null));
});

test("a file goes to the upload route whole and comes back under the server's name", async () => {
  const seen = [];
  const fetchApi = answering(200, { name: "d (1).exr", subfolder: "" }, seen);
  assert.equal(await sendFile(fetchApi, new File(["abc"], "d.exr"), text), "d (1).exr");
  assert.equal(seen[0].path, "/upload/image");
  assert.equal(seen[0].method, "POST");
  assert.equal(await seen[0].body.get("image").text(), "abc");
  const below = answering(200, { name: "d.exr", subfolder: "scans" });
  assert.equal(await sendFile(below, new File([""], "d.exr"), text), "scans/d.exr");
});

test("a refused file says why and which", async () => {
  const file = new File([""], "d.exr");
  await assert.rejects(sendFile(answering(413, {}), file, text), /load.too_large d.exr/);
  await assert.rejects(sendFile(answering(500, {}), file, text), /load.failed d.exr/);
});
