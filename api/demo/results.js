/**
 * What is known of each photo, and which photos a filter shows. The views follow its events.
 */

/**
 * @typedef {{ id: number, photo: import("./photos.js").Photo, state: "waiting" | "working" | "done" | "failed",
 *   answer: import("./service.js").Answer | null, error: Error | null }} Item
 * @typedef {{ keyword: string, status: "all" | "review" | "failed" }} Filter keyword "" for any.
 */

/** Events: "added" (detail: items), "changed" (detail: item), "cleared", "filtered". */
export class Results extends EventTarget {
  /** @type {Item[]} */
  items = [];
  /** @type {Filter} */
  filter = { keyword: "", status: "all" };
  #counts = { waiting: 0, working: 0, done: 0, failed: 0 };
  #review = 0;
  #keywords = new Map();
  #members = new WeakSet();
  #nextId = 0;

  /** @returns {Item[]} */
  add(photos) {
    const added = photos.map((photo) => (
      { id: (this.#nextId += 1), photo, state: "waiting", answer: null, error: null }
    ));
    for (const item of added) {
      this.items.push(item);
      this.#members.add(item);
    }
    this.#counts.waiting += added.length;
    this.#tell("added", added);
    return added;
  }

  /** Note what became of a photo; whatever is not named is as for a new one. */
  set(item, state, { answer = null, error = null } = {}) {
    if (!this.#members.has(item)) return; // cleared while it was in work
    this.#note(item, -1);
    Object.assign(item, { state, answer, error });
    this.#note(item, 1);
    this.#tell("changed", item);
  }

  clear() {
    this.items = [];
    this.#members = new WeakSet();
    this.#counts = { waiting: 0, working: 0, done: 0, failed: 0 };
    this.#review = 0;
    this.#keywords.clear();
    this.filter = { keyword: "", status: "all" };
    this.#tell("cleared", null);
  }

  /** Show only some. @param {Partial<Filter>} change */
  show(change) {
    this.filter = { ...this.filter, ...change };
    this.#tell("filtered", this.filter);
  }

  /** Whether the filter lets a photo through. */
  shows({ state, answer }) {
    const { keyword, status } = this.filter;
    if (keyword && answer?.keyword !== keyword) return false;
    if (status === "review") return answer?.needs_review === true;
    return status === "all" || state === "failed";
  }

  get shown() {
    return this.items.filter((item) => this.shows(item));
  }

  /** How many there are of each kind; kept up to date, not counted anew. */
  get counts() {
    const { waiting, working, done, failed } = this.#counts;
    return { all: this.items.length, left: waiting + working, done, failed, review: this.#review };
  }

  /** Each first keyword with its number of photos, by name. @returns {[string, number][]} */
  get keywords() {
    return [...this.#keywords].filter(([, number]) => number).sort(([one], [other]) => one.localeCompare(other));
  }

  #note({ state, answer }, step) {
    this.#counts[state] += step;
    if (!answer) return;
    this.#review += answer.needs_review ? step : 0;
    this.#keywords.set(answer.keyword, (this.#keywords.get(answer.keyword) ?? 0) + step);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
