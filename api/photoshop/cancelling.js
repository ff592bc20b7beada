/**
 * Ending work on purpose. Not every supported UXP has an AbortController: whoever waits is told by this token, and
 * a request that is on its way is aborted where the host can, else left behind.
 */

const { CancelledError } = require("./failures.js");

class Cancellation {
  #controller = typeof AbortController === "undefined" ? null : new AbortController();
  #listeners = new Set();
  #cancelled = false;

  get cancelled() {
    return this.#cancelled;
  }

  /** For `fetch`, where the host knows signals; else undefined. */
  get signal() {
    return this.#controller ? this.#controller.signal : undefined;
  }

  /** End the work; a second time does nothing. */
  cancel() {
    if (this.#cancelled) return;
    this.#cancelled = true;
    for (const listener of [...this.#listeners]) listener();
    if (this.#controller) this.#controller.abort();
  }

  /** @throws {CancelledError} if the work was ended. */
  check() {
    if (this.#cancelled) throw new CancelledError();
  }

  /**
   * What the promise gives, or CancelledError at once when the work is ended meanwhile.
   * @template T
   * @param {Promise<T>} promise
   * @returns {Promise<T>}
   */
  race(promise) {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new CancelledError());
      if (this.#cancelled) ended();
      else this.#listeners.add(ended);
      const leave = () => this.#listeners.delete(ended);
      promise.then(resolve, (error) => (this.#cancelled ? ended() : reject(error))).then(leave, leave);
    });
  }

  /** Resolve after some time, in milliseconds; CancelledError if the work is ended meanwhile. */
  async sleep(ms) {
    let timer;
    try {
      await this.race(new Promise((resolve) => (timer = setTimeout(resolve, ms))));
    } finally {
      clearTimeout(timer);
    }
  }
}

module.exports = { Cancellation };
