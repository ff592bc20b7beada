/**
 * How far a queue is: a bar, words, and the buttons that stop it, let it go on or give it up.
 */

import { announce, SpokenProgress } from "./announce.js";
import { element, setText } from "./dom.js";
import { duration } from "./words.js";

const ENOUGH_TO_GUESS = 5;

export class Progress {
  #spoken = new SpokenProgress();
  #bar = element("progress", { max: "1", value: "0" });
  #words = element("p");
  #button = element("button", { type: "button", class: "button", click: () => this.#press() });
  #discard;
  #queue;
  #verb;
  #began = null;
  #done = 0;
  #total = 0;

  /**
   * @param {import("./queue.js").Queue} queue
   * @param {string} verb what is done to photos: "Classified".
   * @param {() => void} [discard] gives up what was stopped, where that makes sense.
   */
  constructor(queue, verb, discard) {
    this.#queue = queue;
    this.#verb = verb;
    this.#bar.setAttribute("aria-label", `${verb} photos`);
    this.#discard = discard && element("button", { type: "button", class: "button", click: discard }, "Discard");
    const buttons = element("div", { class: "choices" }, this.#discard, this.#button);
    this.element = element("div", { class: "progress", hidden: true }, this.#words, buttons, this.#bar);
    queue.addEventListener("change", () => this.#turn());
  }

  /** @param {number} done of @param {number} total photos. */
  update(done, total) {
    this.#done = done;
    this.#total = total;
    this.#bar.max = Math.max(total, 1);
    this.#bar.value = done;
    setText(this.#words, `${this.#verb} ${done} of ${total}${this.#ending()}`);
    if (this.#queue.state === "running") this.#spoken.say(done, total);
  }

  #turn() {
    const { state, paused } = this.#queue;
    this.element.hidden = state === "idle";
    this.#began = state === "running" ? { at: performance.now(), done: this.#done } : null;
    this.#button.textContent = state === "paused" ? "Continue" : "Stop";
    if (this.#discard) this.#discard.hidden = state !== "paused";
    if (state === "paused" && !paused) announce("Stopped");
    this.update(this.#done, this.#total);
  }

  #press() {
    if (this.#queue.state === "running") this.#queue.stop();
    else this.#queue.resume();
  }

  #ending() {
    if (this.#queue.state === "paused") return this.#queue.paused ? ", waiting" : ", stopped";
    const since = this.#began ? this.#done - this.#began.done : 0;
    if (since < ENOUGH_TO_GUESS) return "";
    const seconds = (performance.now() - this.#began.at) / 1000;
    return `, ${duration((seconds / since) * (this.#total - this.#done))} left`;
  }
}
