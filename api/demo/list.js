/**
 * The list of photos: a row for each, the newest batch first. Rows far from the screen cost no layout (CSS) and
 * no picture (here).
 */

import { Row } from "./row.js";

const NEAR = "400px";

export class List {
  #rows = new Map();
  #rowOf = new WeakMap();
  #element;
  #results;
  #tools;
  #watch = new IntersectionObserver(
    (entries) => entries.forEach((entry) => this.#rowOf.get(entry.target)?.see(entry.isIntersecting)),
    { rootMargin: NEAR },
  );

  /**
   * @param {HTMLElement} list
   * @param {import("./results.js").Results} results
   * @param {import("./detail.js").Tools} tools
   */
  constructor(list, results, tools) {
    this.#element = list;
    this.#results = results;
    this.#tools = tools;
    results.addEventListener("added", ({ detail }) => this.#add(detail));
    results.addEventListener("changed", ({ detail }) => this.#change(detail));
    results.addEventListener("filtered", () => this.#rows.forEach((row) => this.#filter(row)));
    results.addEventListener("cleared", () => this.#clear());
  }

  #add(items) {
    const rows = items.map((item) => this.#row(item));
    this.#element.prepend(...rows.map((row) => row.element));
    if (rows.length === 1) this.#openOnly(rows[0]);
  }

  /** A photo that came alone is what the person wants to see. */
  #openOnly(row) {
    this.#rows.forEach((other) => other.toggle(other === row));
    row.element.scrollIntoView({ block: "nearest" });
  }

  #row(item) {
    const row = new Row(item, this.#tools);
    this.#rows.set(item, row);
    this.#rowOf.set(row.element, row);
    this.#watch.observe(row.element);
    this.#filter(row);
    return row;
  }

  #change(item) {
    const row = this.#rows.get(item);
    row.update();
    this.#filter(row);
  }

  #filter(row) {
    row.element.hidden = !this.#results.shows(row.item);
  }

  #clear() {
    this.#watch.disconnect();
    this.#rows.forEach((row) => row.close());
    this.#rows.clear();
  }
}
