/**
 * Answers on their way to the service: kept in the browser until the service has them, sent one after the other in
 * their order. What an answer says is not its business.
 */

import { AwayError, KeyError, RefusedError } from "../errors.js";
import { sleep } from "../patience.js";

const PREFIX = "recipe-review-answer:";
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 4_000;
/** The service will never take these, however often they are sent. */
const FOR_GOOD = new Set([400, 404, 413, 415, 422]);

/** Random and long enough that no two answers of anybody ever share one; works without HTTPS, too. */
export function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Events: "change" when `answers` or `trouble` did, "sent" (detail: [answer, what the service said]), "refused"
 * (detail: [answer, error]).
 */
export class Outbox extends EventTarget {
  /** Why nothing goes out: an AwayError, a KeyError, or null. */
  trouble = null;
  /** Whether answers survive a reload: some browsers keep nothing. */
  keeps = true;
  #storage;
  #send;
  #lost = new Map();
  #last = 0;
  #draining = false;
  #tries = 0;
  #wake = null;

  /**
   * @param {(answer: object) => Promise<unknown>} send
   * @param {Storage} storage shared by all tabs; each answer has an entry of its own, so that none overwrites another.
   */
  constructor(send, storage = localStorage) {
    super();
    this.#send = send;
    this.#storage = storage;
    for (const key of this.#keys()) this.#last = Math.max(this.#last, Number(key.slice(PREFIX.length).split("-")[0]));
  }

  /** The answers that the service does not have yet, oldest first. */
  get answers() {
    return this.#keys().map((key) => this.#read(key)).filter(Boolean);
  }

  /** Keep an answer, and send it when its turn comes. */
  add(answer) {
    this.#last = Math.max(Date.now(), this.#last + 1); // a clock that is set back must not change the order
    const key = `${PREFIX}${String(this.#last).padStart(15, "0")}-${answer.answer_id}`;
    try {
      this.#storage.setItem(key, JSON.stringify(answer));
    } catch {
      this.#lost.set(key, answer); // full, or forbidden: it lives as long as the page does
      this.keeps = false;
    }
    this.#tell("change");
    void this.start();
  }

  /** Send what waits. Safe to call at any time. */
  async start() {
    this.#wake?.();
    if (this.#draining) return;
    this.#draining = true;
    for (let key = this.#keys()[0]; key; key = this.#keys()[0]) await this.#deliver(key);
    this.#draining = false;
    this.#become(null);
  }

  async #deliver(key) {
    const answer = this.#read(key);
    try {
      const reply = answer && (await this.#send(answer));
      this.#remove(key);
      this.#become(null);
      if (answer) this.#tell("sent", [answer, reply]);
    } catch (error) {
      if (error instanceof RefusedError && FOR_GOOD.has(error.status)) {
        this.#remove(key);
        this.#tell("refused", [answer, error]);
      } else {
        this.#become(error instanceof KeyError ? error : new AwayError(error.message, { cause: error }));
        await this.#pause();
      }
    }
  }

  /** Until it is worth another try: soon at first, then less often; a key is waited for, but not for ever. */
  async #pause() {
    const stop = new AbortController();
    this.#wake = () => stop.abort();
    await sleep(Math.min(FIRST_WAIT_MS * 2 ** this.#tries, LONGEST_WAIT_MS), stop.signal).catch(() => {});
    this.#tries += 1;
    this.#wake = null;
  }

  #become(trouble) {
    if (!trouble) this.#tries = 0;
    this.trouble = trouble;
    this.#tell("change");
  }

  #keys() {
    const stored = Object.keys(this.#storage).filter((key) => key.startsWith(PREFIX));
    return [...stored, ...this.#lost.keys()].sort();
  }

  #read(key) {
    if (this.#lost.has(key)) return this.#lost.get(key);
    try {
      return JSON.parse(this.#storage.getItem(key) ?? "null"); // null: another tab has sent it meanwhile
    } catch {
      return null;
    }
  }

  #remove(key) {
    this.#lost.delete(key);
    this.#storage.removeItem(key);
    this.#tell("change");
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
