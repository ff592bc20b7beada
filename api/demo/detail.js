/**
 * One photo's answer in full: preview, three bars, where it goes, why a person should look, the nearest photos.
 * Exists only while its row is open.
 */

import { element, icon } from "./dom.js";
import { Frame } from "./frame.js";
import { bytes, percent } from "./words.js";

const REVIEW = " A person should look first: at this confidence, the keyword is not reliable.";

/** @typedef {{ pictures: import("./pictures.js").Pictures, service: import("./service.js").Service,
 *   download: (item: any) => void, retry: (item: any) => void }} Tools */

export class Detail {
  #item;
  #tools;
  #preview;
  #words = element("div", { class: "words" });
  #neighbors = [];

  /**
   * @param {import("./results.js").Item} item
   * @param {Tools} tools
   */
  constructor(item, tools) {
    this.#item = item;
    this.#tools = tools;
    this.#preview = new Frame("preview", `The photo ${item.photo.name}`);
    void this.#preview.show((signal) => tools.pictures.preview(item.photo, signal), item.photo.name);
    this.element = element("div", { class: "detail" }, this.#preview.element, this.#words);
    this.update();
  }

  /** Say what is known now; the preview stays. */
  update() {
    this.#forgetNeighbors();
    const { answer } = this.#item;
    this.#words.replaceChildren(...(answer ? this.#answered(answer) : undecided(this.#item, this.#tools)));
  }

  close() {
    this.#preview.close();
    this.#forgetNeighbors();
    this.element.remove();
  }

  #answered(answer) {
    return [
      element("h3", {}, answer.keyword, " ", answer.needs_review ? reviewBadge() : null),
      element("p", { class: "route" }, "Goes to the pipeline ", element("strong", {}, answer.pipeline), ".",
        answer.needs_review ? REVIEW : ""),
      bars(answer.predictions),
      this.#nearest(answer.nearest),
      facts(this.#item, answer),
      element("button", { type: "button", class: "button", click: () => this.#tools.download(this.#item) },
        icon("download"), "Download with keyword"),
    ];
  }

  #nearest(neighbors) {
    if (!neighbors?.length) {
      return element("p", { class: "quiet" }, "This release keeps no training photos to compare with.");
    }
    const list = element("ol", { class: "nearest" }, ...neighbors.map((one) => this.#neighbor(one)));
    return element("section", {}, element("h4", {}, "Nearest training photos"), list);
  }

  #neighbor(neighbor) {
    const frame = new Frame("neighbor");
    this.#neighbors.push(frame);
    void frame.show((signal) => this.#tools.service.picture(neighbor.thumbnail, signal), "");
    return element("li", { title: `${neighbor.shoot}/${neighbor.file}` }, frame.element,
      element("span", { class: "name" }, neighbor.keyword),
      element("span", { class: "quiet" }, `similarity ${neighbor.similarity.toFixed(2)}`));
  }

  #forgetNeighbors() {
    for (const frame of this.#neighbors) frame.close();
    this.#neighbors = [];
  }
}

/** The mark of an answer that a person should look at. */
export function reviewBadge() {
  return element("span", { class: "badge review" }, icon("eye"), "Needs review");
}

function bars(predictions) {
  const items = predictions.map(({ keyword, pipeline, confidence }) => {
    const bar = element("span", { class: "bar", "aria-hidden": "true" });
    bar.style.setProperty("--share", `${confidence}%`);
    return element("li", {},
      element("span", {}, element("span", { class: "name" }, keyword), " ",
        element("span", { class: "quiet" }, pipeline)), " ",
      element("span", { class: "number" }, percent(confidence)), bar);
  });
  return element("ol", { class: "bars", "aria-label": "Likeliest keywords" }, ...items);
}

function facts({ photo }, answer) {
  const rows = [["Release", answer.release_id], ["Photo", photo.path]];
  if (photo.size !== null) rows.push(["Size", bytes(photo.size)]);
  return element("dl", { class: "facts" }, ...rows.flatMap(([term, text]) => (
    [element("dt", {}, term), element("dd", {}, text)]
  )));
}

function undecided(item, tools) {
  if (!item.error) return [element("p", { class: "quiet" }, "Not classified yet.")];
  return [
    element("h3", {}, "No answer for this photo"),
    element("p", { class: "problem" }, item.error.message),
    element("button", { type: "button", class: "button", click: () => tools.retry(item) }, icon("again"), "Try again"),
  ];
}
