/**
 * The part of the panel for many photos: progress, what became of each, cancelling, and going on after a stop.
 */

const { Batch } = require("./batch.js");
const { byId, element, setEmpty, setShown, setText } = require("./dom.js");
const { keyword } = require("./keywording.js");
const { routeOf } = require("./routing.js");
const { outcome } = require("./words.js");

class BatchPanel {
  #host;
  #settings;
  #service;
  #notice;
  #batch = null;
  #shown = 0;

  /** As `DocumentPanel`. */
  constructor(host, settings, service, notice) {
    this.#host = host;
    this.#settings = settings;
    this.#service = service;
    this.#notice = notice;
    byId("batch-pick").addEventListener("click", () => this.#pick().catch((error) => notice(error.message)));
    byId("batch-cancel").addEventListener("click", () => this.#batch.cancel());
    byId("batch-resume").addEventListener("click", () => this.#batch.run());
  }

  async #pick() {
    const photos = await this.#host.pickFiles();
    if (!photos.length || (this.#batch && this.#batch.isRunning)) return;
    this.#host.XMPMeta(); // says so at once where this Photoshop cannot write
    setEmpty(byId("batch-list"));
    this.#shown = 0;
    this.#batch = new Batch(photos, (photo, cancellation) => this.#one(photo, cancellation), () => this.#show());
    await this.#batch.run();
  }

  async #one(photo, cancellation) {
    const { minConfidence, playActions } = this.#settings;
    const result = await keyword(photo, this.#service(), minConfidence, this.#host.XMPMeta(), cancellation);
    if (!playActions || result.unsure) return result;
    return { ...result, sentence: `${result.sentence}; ${await this.#played(photo, result.answer.pipeline)}` };
  }

  async #played(photo, pipeline) {
    const { route, reason } = routeOf(this.#settings.routes, pipeline, this.#host.presentActions());
    if (!route) return reason;
    await photo.open();
    await this.#host.playAction(route);
    return `played ${route.action}`;
  }

  #show() {
    const { results, total, isRunning, isDone, stopped } = this.#batch;
    setShown(byId("batch-progress"), true);
    setShown(byId("batch-cancel"), isRunning);
    setShown(byId("batch-resume"), !isRunning && !isDone);
    byId("batch-pick").disabled = isRunning;
    byId("batch-bar").max = total;
    byId("batch-bar").value = results.length;
    setText(byId("batch-words"), `${results.length} of ${total}: ${outcome(results)}`);
    this.#notice(stopped);
    for (const result of results.slice(this.#shown)) byId("batch-list").appendChild(row(result));
    this.#shown = results.length;
  }
}

const row = ({ photo, state, sentence }) => element("div", `result ${state}`, `${photo.name}: ${sentence}`);

module.exports = { BatchPanel };
