/**
 * Works through many photos, one after the other: Photoshop does one thing at a time. Stops where no photo could be
 * done, keeps what is left, and goes on from there. What is done with a photo is given to it.
 *
 * @typedef {{ name: string }} Photo
 * @typedef {{ photo: Photo, state: "written" | "kept" | "failed", sentence: string, answer?: import("./client.js").Answer }} Result
 */

const { Cancellation } = require("./cancelling.js");
const { holdsForAll } = require("./failures.js");

class Batch {
  /** @type {Result[]} one for each photo that was done, in order. */
  results = [];
  /** Why it stopped before the end, as a sentence; "" while it runs and when all is done. */
  stopped = "";
  #left;
  #work;
  #tell;
  #cancellation = null;

  /**
   * @param {Photo[]} photos
   * @param {(photo: Photo, cancellation: Cancellation) => Promise<Omit<Result, "photo">>} work deals with one.
   * @param {(batch: Batch) => void} tell is called whenever something changed.
   */
  constructor(photos, work, tell = () => {}) {
    this.#left = [...photos];
    this.#work = work;
    this.#tell = tell;
  }

  /** How many photos there are in all. */
  get total() {
    return this.results.length + this.#left.length;
  }

  get isRunning() {
    return this.#cancellation !== null;
  }

  get isDone() {
    return this.#left.length === 0;
  }

  /** Begin, or go on where it stopped; resolves when it ends or stops. A running one is not started again. */
  async run() {
    if (this.isRunning) return;
    this.#cancellation = new Cancellation();
    this.stopped = "";
    this.#tell(this);
    while (this.#left.length && !this.stopped) await this.#next();
    this.#cancellation = null;
    this.#tell(this);
  }

  /** Stop at once; the photo in work is done again when it goes on. */
  cancel() {
    if (this.#cancellation) this.#cancellation.cancel();
  }

  async #next() {
    const [photo] = this.#left;
    try {
      this.#cancellation.check();
      this.#done(photo, await this.#work(photo, this.#cancellation));
    } catch (error) {
      if (holdsForAll(error)) this.stopped = error.message;
      else this.#done(photo, { state: "failed", sentence: error.message || String(error) });
    }
    this.#tell(this);
  }

  #done(photo, result) {
    this.#left.shift();
    this.results.push({ photo, ...result });
  }
}

module.exports = { Batch };
