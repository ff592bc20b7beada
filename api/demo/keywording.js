/**
 * Keyworded photos as a download: one as a file, many as a zip that is put together here, photo by photo.
 */

import { blaming } from "./classifying.js";
import { Queue } from "./queue.js";
import { save, today } from "./save.js";
import { openSink } from "./sinks.js";
import { count } from "./words.js";
import { checkSize, ZipWriter } from "./zip.js";

const AT_ONCE = 2;
const FULL = "The browser has no room left for the zip: show fewer photos by a filter, and download them in parts.";

/**
 * @typedef {{ name: string, written: number, unsure: string[], failed: string[] }} Report
 * @typedef {{ total: number, done: number, minConfidence: number, zip: ZipWriter | null, report: Report }} Run
 */

/** Events: "progress" (detail: done, total), "finished" (detail: a Report), "refused" (detail: a sentence). */
export class Keywording extends EventTarget {
  #service;
  #blame;
  /** @type {Run | null} */
  #run = null;

  /** @param {import("./service.js").Service} service */
  constructor(service) {
    super();
    this.#service = service;
    this.#blame = blaming(service);
    this.queue = new Queue((item, signal) => this.#keyword(item, this.#run, signal), AT_ONCE);
  }

  /** Whether a download is being made. */
  get busy() {
    return this.#run !== null;
  }

  /**
   * @param {import("./results.js").Item[]} items that were answered; at least one.
   * @param {number} minConfidence in percent; less sure photos come back as they are.
   */
  async start(items, minConfidence) {
    if (this.#run) return;
    const report = { name: "", written: 0, unsure: [], failed: [] };
    const run = { total: items.length, done: 0, minConfidence, zip: null, report };
    this.#run = run;
    try {
      checkSize(items.reduce((sum, { photo }) => sum + (photo.size ?? 0), 0), items.length);
      if (items.length > 1) run.zip = new ZipWriter(await openSink());
    } catch (error) {
      return this.#giveUp(run, error);
    }
    if (this.#run !== run) return; // cancelled meanwhile
    this.queue.add(items);
    this.#tell("progress", [0, run.total]);
  }

  /** Give up what is under way. */
  cancel() {
    const zip = this.#run?.zip;
    this.#run = null;
    this.queue.clear();
    zip?.abandon().catch(reportError);
  }

  #giveUp(run, error) {
    if (this.#run !== run) return;
    this.cancel();
    this.#tell("refused", error.name === "QuotaExceededError" ? FULL : error.message);
  }

  async #keyword(item, run, signal) {
    const keyworded = await this.#fetch(item.photo, run, signal);
    signal.throwIfAborted();
    try {
      if (keyworded) await this.#keep(item.photo, keyworded, run);
      run.done += 1;
      this.#tell("progress", [run.done, run.total]);
      if (run.done === run.total) await this.#finish(run);
    } catch (error) {
      this.#giveUp(run, error); // the zip is full, or the disk: no photo could change that
    }
  }

  /** The keyworded photo, or null if the service will not keyword this one. */
  async #fetch(photo, run, signal) {
    try {
      return await this.#service.keyworded(photo, run.minConfidence, signal);
    } catch (error) {
      const refused = await this.#blame(error, photo);
      if (!refused) throw error;
      run.report.failed.push(`${photo.path}: ${refused.message}`);
      return null;
    }
  }

  async #keep(photo, { bytes, written }, { zip, report }) {
    if (zip) {
      await zip.add(photo.url ? photo.name : photo.path, bytes, new Date(photo.file?.lastModified ?? Date.now()));
    } else {
      report.name = photo.name;
      save(new Blob([bytes]), photo.name);
    }
    if (written) report.written += 1;
    else report.unsure.push(photo.path);
  }

  async #finish({ total, zip, report }) {
    if (zip && report.failed.length === total) {
      await zip.abandon();
    } else if (zip) {
      report.name = `keyworded-photos-${today()}.zip`;
      save(await zip.finish(), report.name);
    }
    this.#run = null;
    this.#tell("finished", report);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** A report in a sentence or two. */
export function sentence({ name, written, unsure, failed }) {
  const parts = [];
  if (name) parts.push(`${name}: ${count(written, "photo")} with the keyword written in.`);
  if (unsure.length) parts.push(`${count(unsure.length, "photo")} left as it came: the answer was less sure.`);
  if (failed.length) parts.push(`${count(failed.length, "photo")} could not be keyworded.`);
  return parts.join(" ");
}
