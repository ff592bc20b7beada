/**
 * One photo in the list: a line that opens. What is inside when open is `detail.js`' subject.
 */

import { element, icon, setText } from "./dom.js";
import { Detail, reviewBadge } from "./detail.js";
import { Frame } from "./frame.js";
import { percent } from "./words.js";

const STATES = { waiting: "Waiting", working: "Classifying\u2026" };

export class Row {
  #frame = new Frame("thumbnail");
  #keyword = element("span", { class: "keyword" });
  #number = element("span", { class: "number" });
  #bar = element("span", { class: "bar", "aria-hidden": "true" });
  #pipeline = element("span", { class: "pipeline" });
  #mark = element("span", { class: "mark" });
  #button;
  #detail = null;
  #tools;

  /**
   * @param {import("./results.js").Item} item
   * @param {import("./detail.js").Tools} tools
   */
  constructor(item, tools) {
    this.item = item;
    this.#tools = tools;
    this.#button = element("button",
      { type: "button", class: "line", "aria-expanded": "false", click: () => this.#press() },
      this.#frame.element, fileName(item.photo.path), this.#answer(), this.#mark, icon("chevron"));
    this.element = element("li", { class: "row" }, this.#button);
    this.update();
  }

  get open() {
    return this.#detail !== null;
  }

  /** Say what is known now. */
  update() {
    const { state, answer, error } = this.item;
    this.element.dataset.state = state;
    setText(this.#keyword, answer?.keyword ?? error?.message ?? STATES[state]);
    setText(this.#number, answer ? percent(answer.predictions[0].confidence) : "");
    setText(this.#pipeline, answer?.pipeline ?? "");
    this.#bar.style.setProperty("--share", `${answer?.predictions[0].confidence ?? 0}%`);
    this.#mark.replaceChildren(...marks(state, answer));
    this.#detail?.update();
  }

  /** The row is on the screen or close to it, or has left. */
  see(visible) {
    const { photo } = this.item;
    if (visible) void this.#frame.show((signal) => this.#tools.pictures.thumbnail(photo, signal), photo.name);
    else this.#frame.leave();
  }

  toggle(open = !this.open) {
    if (open === this.open) return;
    this.#button.setAttribute("aria-expanded", String(open));
    if (open) {
      this.#detail = new Detail(this.item, this.#tools);
      this.element.append(this.#detail.element);
    } else {
      this.#detail.close();
      this.#detail = null;
    }
  }

  #press() {
    this.toggle();
    if (this.open) this.element.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.toggle(false);
    this.#frame.close();
    this.element.remove();
  }

  #answer() {
    return element("span", { class: "answer" }, this.#keyword, " ", this.#number, " ", this.#pipeline, this.#bar);
  }
}

function marks(state, answer) {
  if (state === "failed") return [element("span", { class: "badge failed" }, icon("alert"), "Failed")];
  return answer?.needs_review ? [reviewBadge()] : [];
}

function fileName(path) {
  const cut = path.lastIndexOf("/") + 1;
  const folder = path.startsWith("http") ? new URL(path).host : path.slice(0, cut);
  return element("span", { class: "file", title: path },
    element("span", { class: "name" }, path.slice(cut) || path), " ", element("span", { class: "quiet" }, folder));
}
