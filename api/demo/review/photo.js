/**
 * The photo in front of a person: its picture, why it is here, what the model thinks, what it resembles.
 * What is answered is not its business.
 */

import { byId, element, setText } from "../dom.js";
import { Frame } from "../frame.js";
import { percent } from "../words.js";

const TITLES = {
  needs_review: "Not sure",
  label_error: "Keyword looks wrong",
  conflicting_labels: "Copies disagree",
  ambiguous: "Several keywords",
  conflicting: "Keywords contradict",
  unknown: "Unknown words",
};

export class PhotoView {
  #pictures;
  #guess;
  #frame = null;
  #near = [];
  #seen = null;

  /**
   * @param {import("./pictures.js").Prepared} pictures
   * @param {(keyword: string) => void} guess called when one of the model's guesses is pressed.
   */
  constructor(pictures, guess) {
    this.#pictures = pictures;
    this.#guess = guess;
  }

  /** Whether the picture is there: nobody can judge what is not shown. */
  get ready() {
    return this.#seen === true;
  }

  /** Show a photo instead of the one before. @param {import("./deck.js").Photo} photo */
  show(photo) {
    this.#clear();
    this.#frame = new Frame("large", `The photo ${photo.file}`);
    byId("picture").replaceChildren(this.#frame.element);
    setText(byId("file"), photo.file.split("/").at(-1));
    setText(byId("shoot"), [photo.shoot, ...photo.file.split("/").slice(0, -1)].join("/"));
    byId("why").replaceChildren(...reasons(photo));
    byId("guesses").replaceChildren(this.#guesses(photo.predictions));
    byId("nearest").hidden = photo.nearest.length === 0;
    byId("nearest-list").replaceChildren(...photo.nearest.map((one) => this.#neighbor(one)));
    void this.#load(this.#frame, photo);
  }

  async #load(frame, photo) {
    await frame.show((signal) => this.#pictures.get(photo.picture, signal), "");
    if (frame === this.#frame) this.#seen = true;
  }

  #clear() {
    for (const frame of [this.#frame, ...this.#near].filter(Boolean)) frame.close();
    this.#near = [];
    this.#seen = null;
  }

  #guesses(predictions) {
    if (!predictions.length) return element("p", { class: "quiet" }, "There was no release to ask yet.");
    const items = predictions.map(({ keyword, confidence }, place) => {
      const bar = element("span", { class: "bar", "aria-hidden": "true" });
      bar.style.setProperty("--share", `${confidence}%`);
      const key = String(place + 1);
      return element("li", {}, element("button",
        { type: "button", class: "guess", "aria-keyshortcuts": key, click: () => this.#guess(keyword) },
        element("kbd", {}, key), element("span", { class: "name" }, keyword), " ",
        element("span", { class: "number" }, percent(confidence)), bar));
    });
    return element("ol", { class: "guesses", "aria-label": "Likeliest keywords" }, ...items);
  }

  #neighbor(neighbor) {
    const frame = new Frame("neighbor");
    this.#near.push(frame);
    void frame.show((signal) => this.#pictures.get(neighbor.picture, signal), "");
    return element("li", { title: `${neighbor.shoot}/${neighbor.file}` }, frame.element,
      element("span", { class: "name" }, neighbor.keyword),
      element("span", { class: "quiet" }, `similarity ${neighbor.similarity.toFixed(2)}`));
  }
}

/** A photo in words, for who does not see it. */
export function spoken({ file, shoot, label, predictions }) {
  const guesses = predictions.map(({ keyword, confidence }) => `${keyword} ${percent(confidence)}`).join(", ");
  const parts = [`${file} of ${shoot}`, label ? `labelled ${label}` : "", guesses].filter(Boolean);
  return `${parts.join(". ")}.`;
}

function reasons({ reason, detail, label }) {
  const title = TITLES[reason] ?? "No usable keyword";
  const now = label ? [" It is labelled ", element("strong", {}, label), "."] : [];
  return [element("span", { class: "badge review" }, title), " ", `${sentence(detail)}.`, ...now];
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1).replace(/\.$/, "");
