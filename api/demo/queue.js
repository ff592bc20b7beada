/**
 * Works through jobs in order, a few at a time, and can stop and go on without losing one.
 * What the work is, and what is shown of it, is none of its business.
 */

import { AwayError, isAbort, KeyError } from "./errors.js";

/** Events: "change" whenever `state` or `paused` changes. */
export class Queue extends EventTarget {
  /** @type {"idle" | "running" | "paused"} */
  state = "idle";
  /** Why it is paused: an AwayError, a KeyError, or null when a person stopped it. */
  paused = null;
  #waiting = [];
  #running = new Map();
  #work;
  #atOnce;

  /**
   * @param {(job: any, signal: AbortSignal) => Promise<void>} work deals with a job's own errors. AwayError and
   *   KeyError, which hold for all jobs, pause the queue; the job is done again when it goes on.
   * @param {number} atOnce how many jobs are in work.
   */
  constructor(work, atOnce) {
    super();
    this.#work = work;
    this.#atOnce = atOnce;
  }

  /** How many jobs are not done. */
  get left() {
    return this.#waiting.length + this.#running.size;
  }

  /** Put jobs at the end; each has a number `id` that grows. */
  add(jobs) {
    this.#waiting.push(...jobs);
    if (this.state !== "paused") this.#start();
  }

  /** Break off what is in work; it is done again later. */
  stop(reason = null) {
    if (!this.left) return;
    this.#become("paused", reason);
    for (const controller of this.#running.values()) controller.abort();
  }

  /** Go on after a pause. */
  resume() {
    if (this.state === "paused") this.#start();
  }

  /** Forget all jobs. */
  clear() {
    this.#waiting = [];
    for (const controller of this.#running.values()) controller.abort();
    this.#running.clear();
    this.#become("idle");
  }

  #start() {
    this.#become(this.left ? "running" : "idle");
    while (this.state === "running" && this.#waiting.length && this.#running.size < this.#atOnce) {
      void this.#run(this.#waiting.shift());
    }
  }

  async #run(job) {
    const controller = new AbortController();
    this.#running.set(job, controller);
    const error = await this.#outcome(job, controller.signal);
    if (this.#running.get(job) !== controller) return; // cleared meanwhile
    this.#running.delete(job);
    if (error) this.#putBack(job, isAbort(error) ? null : error);
    if (this.state === "running") this.#start();
  }

  async #outcome(job, signal) {
    try {
      await this.#work(job, signal);
      return null;
    } catch (error) {
      if (isAbort(error) || error instanceof AwayError || error instanceof KeyError) return error;
      reportError(error); // a bug belongs into the console, and must not hold up the other jobs
      return null;
    }
  }

  #putBack(job, reason) {
    const place = this.#waiting.findIndex((other) => other.id > job.id);
    this.#waiting.splice(place < 0 ? this.#waiting.length : place, 0, job);
    if (reason && this.state === "running") this.stop(reason);
  }

  #become(state, paused = null) {
    if (this.state === state && this.paused === paused) return;
    this.state = state;
    this.paused = paused;
    this.dispatchEvent(new Event("change"));
  }
}
