/**
 * The keywords that can be answered: a button for each, with the key that stands for it, and a field that finds one
 * among many by a few letters.
 */

import { byId, element, setText } from "../dom.js";
import { count } from "../words.js";

/** @typedef {{ keyword: string, pipeline: string, key: string | null }} Choice */

export class Choices {
  #field = byId("find");
  #place = byId("choices");
  #pick;
  /** @type {Choice[]} */
  #choices = [];
  /** @type {Map<string, HTMLElement>} */
  #buttons = new Map();

  /** @param {(keyword: string) => void} pick called when a keyword is chosen. */
  constructor(pick) {
    this.#pick = pick;
    this.#field.addEventListener("input", () => this.#filter());
    this.#field.addEventListener("keydown", (event) => event.key === "Escape" && this.leave());
    byId("find-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#take();
    });
  }

  /** Offer these keywords; nothing moves when they are the same as before. @param {Choice[]} choices */
  offer(choices) {
    if (JSON.stringify(choices) === JSON.stringify(this.#choices)) return;
    this.#choices = choices;
    this.#buttons = new Map(choices.map((choice) => [choice.keyword, this.#button(choice)]));
    this.#place.replaceChildren(...this.#buttons.values());
    this.#filter();
  }

  /** The keyword that a key stands for, or undefined. */
  keyed(key) {
    return this.#choices.find((choice) => choice.key === key)?.keyword;
  }

  /** Go to the field. */
  find() {
    this.#field.focus();
    this.#field.select();
  }

  /** Leave the field empty, for the next photo. */
  leave() {
    this.#field.value = "";
    this.#field.blur();
    this.#filter();
  }

  #button({ keyword, pipeline, key }) {
    return element("button",
      { type: "button", class: "button choice", "aria-keyshortcuts": key, click: () => this.#pick(keyword) },
      key ? element("kbd", {}, key) : null, element("span", { class: "name" }, keyword), " ",
      element("span", { class: "quiet" }, pipeline));
  }

  #filter() {
    const wanted = this.#field.value;
    const found = matches(this.#choices.map(({ keyword }) => keyword), wanted);
    for (const [keyword, button] of this.#buttons) {
      button.hidden = !found.includes(keyword);
      button.classList.toggle("first", wanted.trim() !== "" && keyword === found[0]);
    }
    setText(byId("matches"), told(found, wanted));
  }

  #take() {
    const [first] = matches(this.#choices.map(({ keyword }) => keyword), this.#field.value);
    if (this.#field.value.trim() && first) this.#pick(first);
  }
}

function told(found, wanted) {
  if (!wanted.trim()) return "";
  return found.length ? `Enter takes ${found[0]}; ${count(found.length, "keyword")} like that` : "No keyword is like that";
}

/**
 * The keywords that a few letters may mean, the likeliest first: those that begin so, those with a part that does,
 * those that hold it anywhere. Case, spaces, "_" and "-" make no difference.
 * @param {string[]} keywords
 */
export function matches(keywords, text) {
  const wanted = folded(text);
  const rank = (keyword) => {
    const word = folded(keyword);
    if (word.startsWith(wanted)) return 0;
    if (word.includes(` ${wanted}`)) return 1;
    return word.replaceAll(" ", "").includes(wanted.replaceAll(" ", "")) ? 2 : 3;
  };
  return keywords.map((keyword) => [rank(keyword), keyword]).filter(([place]) => place < 3)
    .sort(([one], [other]) => one - other).map(([, keyword]) => keyword);
}

const folded = (text) => text.trim().toLowerCase().replace(/[\s_-]+/g, " ");
