/**
 * Pictures fetched before they are needed, and again when the connection was lost; a few are kept in memory.
 */

import { AwayError, KeyError } from "../errors.js";
import { sleep } from "../patience.js";

const KEPT = 60;
const AGAIN_MS = 1_000;

export class Prepared {
  #service;
  /** @type {Map<string, Promise<Blob>>} by path, the one used last at the end. */
  #fetched = new Map();

  /** @param {import("../service.js").Service} service */
  constructor(service) {
    this.#service = service;
  }

  /** Fetch ahead; whatever goes wrong is found again when the picture is wanted. @param {string[]} paths */
  prepare(paths) {
    for (const path of paths) this.#fetch(path).catch(() => {});
  }

  /**
   * A picture, waited for as long as the service is away.
   * @returns {Promise<Blob | null>} null if the service has no such picture.
   */
  async get(path, signal) {
    for (;;) {
      try {
        return await this.#fetch(path);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof AwayError || error instanceof KeyError)) return null;
        await sleep(AGAIN_MS, signal);
      }
    }
  }

  #fetch(path) {
    const fetched = this.#fetched.get(path) ?? this.#service.picture(path);
    this.#fetched.delete(path);
    this.#fetched.set(path, fetched);
    fetched.catch(() => this.#fetched.get(path) === fetched && this.#fetched.delete(path));
    for (const oldest of [...this.#fetched.keys()].slice(0, Math.max(0, this.#fetched.size - KEPT))) {
      this.#fetched.delete(oldest);
    }
    return fetched;
  }
}
