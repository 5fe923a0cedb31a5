// @ts-check
/** Depth files from the user's disk to ComfyUI's input folder, by ComfyUI's own upload route. */

/**
 * @param {Iterable<File>} files @param {string[]} extensions ".exr" and so on, lower case
 * @returns {File|undefined} the first one that Load Depth reads
 */
export function firstReadable(files, extensions) {
  return [...files].find(({ name }) => extensions.includes(extensionOf(name)));
}

/** @param {string} name @returns {string} ".exr", "" where there is none */
function extensionOf(name) {
  const at = name.lastIndexOf(".");
  return at < 0 ? "" : name.slice(at).toLowerCase();
}

/** @param {DataTransfer|null} transfer @returns {boolean} names are known only once it is dropped */
export function isFileDrag(transfer) {
  return [...(transfer?.items ?? [])].some(({ kind }) => kind === "file");
}

/**
 * @param {(path: string, options: RequestInit) => Promise<Response>} fetchApi
 * @param {File} file
 * @param {(key: string, values?: Record<string, string|number>) => string} text
 * @returns {Promise<string>} the name in the input folder; another one where that was taken
 * @throws {Error} with a sentence for the user
 */
export async function sendFile(fetchApi, file, text) {
  const body = new FormData();
  body.append("image", file); // the route's name for any file
  const answer = await fetchApi("/upload/image", { method: "POST", body });
  if (!answer.ok) {
    const reason = answer.status === 413 ? "load.too_large" : "load.failed";
    throw new Error(text(reason, { name: file.name }));
  }
  const { name, subfolder } = await answer.json();
  return subfolder ? `${subfolder}/${name}` : name;
}
