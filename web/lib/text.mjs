// @ts-check
/**
 * What our widgets say. The English here is the source; `locales/<language>/main.json` holds the
 * translations under "genvrDepth", merged by ComfyUI into /i18n.
 */

/** @type {Readonly<Record<string, Readonly<Record<string, string>>>>} */
export const ENGLISH = Object.freeze({
  viewer: {
    empty: "Run the workflow to see the depth here.",
    failed: "The depth is no longer on the server. Run the workflow again.",
    unwritten: "Nothing to show: the temp folder cannot be written to. Is the disk full?",
    colormap: "Colour map",
    frame: "Frame",
    near: "Near",
    far: "Far",
    auto: "Auto",
    auto_tip: "Near and far from the image itself, without a few extreme pixels",
    use: "Use this range",
    use_tip: "Until this is pressed, near and far change only what is shown here",
    photo: "Photo",
    photo_tip: "Show the photograph; the values under the cursor stay those of the depth",
    cloud: "Look at it in 3D: drag to turn, Shift and drag to move, wheel to zoom",
    inside: "Look around from the middle of the panorama: drag to turn, wheel to zoom",
    compare: "Compare",
    compare_tip: "Photo and depth on either side of a line to drag",
    edge: "Left of this line the photo, right of it the depth",
    stage: "Depth viewer. In 3D: arrow keys turn, plus and minus zoom, 0 resets",
    reset: "Back to the view of the photo",
    png: "Save what is shown as PNG",
    full: "Full screen",
    offer: "For sharper depth: Load Depth Model, {size}",
    add: "Add it",
    measured: "from {size}",
    metric: "metres",
    depth: "relative depth",
    disparity: "relative disparity",
    relative: "near",
    invalid: "no depth here",
  },
  fold: {
    more: "More options",
    fewer: "Fewer options",
  },
  compare: {
    empty: "Run the workflow to see both images here.",
    edge: "Left of this line the first image, right of it the second",
    pair: "Image of the batch",
  },
  load: {
    title: "Upload",
    choose: "Choose a depth file to upload",
    photo: "Use my own photo",
    layers: "Layers of the file",
    no_layers: "{name} has no layers to choose from.",
    too_large: "{name} is larger than this ComfyUI takes. Put it into the input folder yourself.",
    failed: "ComfyUI did not take {name}. Put it into the input folder yourself.",
  },
  account: {
    profile: "Profile",
    uid: "User id",
    key: "Key",
    save: "Save",
    test: "Test",
    remove: "Remove",
    where: "Where to get a key",
    environment: "Key set by the environment",
    file: "Key set",
    missing: "No key set",
    first: "Enter user id and key above and press Save; then Test can try them.",
    cap: "Spending cap of one run",
    credits: "credits",
    at_once: "Images at the same time",
    images: "images",
    both: "Type both the user id and the key; GenVR needs the two together.",
    saved: "Saved on this server. Press Test to try it, free of charge.",
    removed: "The key is removed from this server.",
    unreachable: "ComfyUI did not answer. Check that it runs, then open this page again.",
    total: "Spent so far: {credits} credits for {images} images.",
    possible: "{credits} more may have been charged for requests without an answer.",
  },
  cost: {
    no_key: "no key yet: Settings > GenVR Depth",
    sum: "{images} × {credits} = {total} credits",
    about: "about",
    least: "at least",
    each_prompt: "for each prompt",
    each_image: "for each image that goes in",
    tip: "What this node will ask for. Images already paid for come from disk and cost nothing.",
  },
});

/** Names and tooltips of the settings page, by setting id. */
export const SETTINGS = Object.freeze({
  "GenVRDepth.Viewer.ColorMap": {
    name: "Colour map of the depth viewer",
    tooltip: "The colours new viewers start with; each node can choose its own.",
  },
  "GenVRDepth.Service.SpendingCap": {
    name: "Spending cap of one run",
    tooltip: "In credits. A node that would spend more stops before it sends anything. 0 lets nothing be bought.",
  },
  "GenVRDepth.Service.Concurrency": {
    name: "Images at the same time",
    tooltip: "How many images are asked of the GenVR service at the same time.",
  },
  "GenVRDepth.Account.Key": {
    name: "GenVR account",
    tooltip:
      "The key is kept by this ComfyUI server in a private file. It is never shown again, and it " +
      "is in no workflow, image or setting.",
  },
});

/**
 * @param {string} locale @param {Record<string, any>} catalogue what /i18n answered
 * @returns {(key: string, values?: Record<string, string|number>) => string} "group.name" -> text
 *   in that language, else in English; {name} is filled in from `values`
 */
export function translator(locale, catalogue) {
  const chosen = catalogue[locale]?.genvrDepth ?? catalogue[locale.split("-")[0]]?.genvrDepth ?? {};
  return (key, values = {}) => {
    const [group, name] = key.split(".");
    const text = chosen[group]?.[name] ?? ENGLISH[group]?.[name] ?? key;
    return text.replace(
      /\{(\w+)\}/g,
      (/** @type {string} */ whole, /** @type {string} */ field) => String(values[field] ?? whole),
    );
  };
}
