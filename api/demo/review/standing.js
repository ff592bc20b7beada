/**
 * How far the queue is, who brought it there, and what has not reached the service yet.
 */

import { byId, setText } from "../dom.js";
import { sleep } from "../patience.js";
import { count } from "../words.js";

const SOON_MS = 1_500;

/** @typedef {{ total: number, answered: number, open: number, by_person: { by: string, answered: number }[] }} Progress */

export class Standing {
  #service;
  #outbox;
  /** @type {Progress | null} */
  #progress = null;
  #asking = false;

  /**
   * @param {import("../service.js").Service} service
   * @param {import("./outbox.js").Outbox} outbox
   */
  constructor(service, outbox) {
    this.#service = service;
    this.#outbox = outbox;
    outbox.addEventListener("change", () => this.#draw());
    outbox.addEventListener("sent", ({ detail }) => this.#sent(...detail));
  }

  /** @param {Progress} progress as the service says it. */
  show(progress) {
    this.#progress = progress;
    this.#draw();
  }

  #sent(answer, { counts }) {
    const change = answer.keyword || !counts ? step(answer) : 0; // taken back, but another person's counts instead
    if (this.#progress) this.#progress = { ...this.#progress, answered: this.#progress.answered + change };
    this.#draw();
    void this.#ask();
  }

  /** Ask how far it is once no more answers go out: others answer, too. */
  async #ask() {
    if (this.#asking) return;
    this.#asking = true;
    await sleep(SOON_MS);
    this.#asking = false;
    if (this.#outbox.answers.length) return;
    const progress = await this.#service.read("review/progress").catch(() => null);
    if (progress && !this.#outbox.answers.length) this.show(progress);
  }

  #draw() {
    const waiting = this.#outbox.answers;
    const kept = this.#outbox.keeps ? "" : " Keep this page open: this browser stores nothing.";
    const words = this.#outbox.trouble && waiting.length ? `${count(waiting.length, "answer")} on the way.${kept}` : "";
    setText(byId("waiting"), words);
    if (!this.#progress) return;
    const { total, answered, by_person: people } = this.#progress;
    const ahead = waiting.reduce((sum, answer) => sum + step(answer), 0);
    const done = Math.max(0, Math.min(total, answered + ahead));
    byId("bar").max = Math.max(total, 1);
    byId("bar").value = done;
    setText(byId("standing"), total ? `${done} of ${count(total, "photo")} answered` : "No photo is waiting");
    setText(byId("people"), people.map(({ by, answered: number }) => `${by} ${number}`).join(", "));
  }
}

/** What an answer does to the number of answered photos. */
const step = ({ keyword }) => (keyword ? 1 : -1);
