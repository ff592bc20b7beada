/**
 * Does something that needs the service, and does it again until the service is there: one at a time, however often
 * it is asked for.
 */

import { AwayError, KeyError } from "../errors.js";
import { sleep } from "../patience.js";

const AGAIN_MS = 1_000;

export class Patient {
  /** Whether the service is waited for. */
  waiting = false;
  #work;
  #keys;
  #tell;
  #busy = false;

  /**
   * @param {() => Promise<unknown>} work
   * @param {import("../keys.js").Keys} keys says when there is another key to try.
   * @param {(trouble: Error) => void} tell hears why it waits.
   */
  constructor(work, keys, tell) {
    this.#work = work;
    this.#keys = keys;
    this.#tell = tell;
  }

  /** @returns {Promise<boolean>} whether it was done; false if it is being done already. */
  async go() {
    if (this.#busy) return false;
    this.#busy = true;
    while (!(await this.#try()));
    this.#busy = false;
    this.waiting = false;
    return true;
  }

  async #try() {
    try {
      await this.#work();
      return true;
    } catch (error) {
      this.waiting = true;
      await this.#waitFor(error);
      return false;
    }
  }

  async #waitFor(error) {
    this.#tell(error);
    if (error instanceof KeyError) {
      await new Promise((resolve) => {
        this.#keys.addEventListener("saved", resolve, { once: true });
      });
      return;
    }
    if (!(error instanceof AwayError)) reportError(error); // a bug, or a store that is broken: somebody may mend it
    await sleep(AGAIN_MS);
  }
}
