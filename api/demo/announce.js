/**
 * What a screen reader says without being asked. Progress is spoken at every tenth, or nothing else could be heard.
 */

import { byId } from "./dom.js";
import { count } from "./words.js";

const STEPS = 10;

/** Say something once what is being said is finished. */
export function announce(text) {
  byId("announcements").textContent = text;
}

/** Speaks of progress, sparingly. */
export class SpokenProgress {
  #step = 0;

  say(done, total) {
    const step = total ? Math.floor((done / total) * STEPS) : 0;
    if (step === this.#step) return;
    this.#step = step;
    if (done < total) announce(`${done} of ${count(total, "photo")} done`);
  }
}
