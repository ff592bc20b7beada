/**
 * The part of the panel for the open document: its three likeliest keywords, writing one of them, and the action of
 * its pipeline.
 */

const { Cancellation } = require("./cancelling.js");
const { button, byId, element, setEmpty, setShown, setText } = require("./dom.js");
const { CancelledError } = require("./failures.js");
const { lookAt, writeOurs, writePersons } = require("./keywording.js");
const { label, routeOf } = require("./routing.js");
const { percent } = require("./words.js");

class DocumentPanel {
  #host;
  #settings;
  #service;
  #notice;
  #cancellation = null;
  #looked = null;

  /**
   * @param {object} host what Photoshop does; see main.js.
   * @param {import("./settings.js").Settings} settings
   * @param {() => import("./client.js").Service} service a client by the settings as they are now.
   * @param {(sentence: string) => void} notice shows a sentence on top of the panel.
   */
  constructor(host, settings, service, notice) {
    this.#host = host;
    this.#settings = settings;
    this.#service = service;
    this.#notice = notice;
    byId("look").addEventListener("click", () => this.#guarded(() => this.#look()));
    byId("look-cancel").addEventListener("click", () => this.#cancellation && this.#cancellation.cancel());
    byId("play").addEventListener("click", () => this.#guarded(() => this.#play(this.#looked.answer.pipeline)));
  }

  /** Find, write and play in one go, for the menu command. */
  async keyword() {
    await this.#guarded(async () => {
      await this.#look();
      const { answer, packet } = this.#looked;
      if (packet.written) await this.#write(answer.top[0]);
      else this.#notice(`${answer.keyword} is not sure enough to be written.`);
    });
  }

  async #look() {
    this.#show(null);
    const target = this.#host.activeTarget();
    const found = await lookAt(target, this.#service(), this.#settings.minConfidence, this.#cancellation);
    this.#show({ target, ...found });
  }

  /** The first keyword is ours; any other is what a person chose. */
  async #write(ranked) {
    const { target, answer, packet } = this.#looked;
    const XMPMeta = this.#host.XMPMeta();
    const isOurs = ranked.keyword === packet.keyword;
    const changed = await (isOurs
      ? writeOurs(target, packet, XMPMeta)
      : writePersons(target, ranked.keyword, XMPMeta));
    this.#notice(changed ? `Wrote ${ranked.keyword}. Save the document to keep it.` : `${ranked.keyword} stood there.`);
    if (this.#settings.playActions) await this.#play(isOurs ? answer.pipeline : ranked.pipeline);
  }

  async #play(pipeline) {
    const { route, reason } = routeOf(this.#settings.routes, pipeline, this.#host.presentActions());
    if (!route) return this.#notice(reason);
    await this.#looked.target.open(); // a person may have gone on to another document meanwhile
    await this.#host.playAction(route);
    return this.#notice(`Played ${label(route)}.`);
  }

  #show(looked) {
    this.#looked = looked;
    setEmpty(byId("top"));
    setText(byId("found"), looked ? found(looked) : "");
    for (const ranked of looked ? looked.answer.top : []) byId("top").appendChild(this.#row(ranked));
    setShown(byId("route"), Boolean(looked));
    if (looked) setText(byId("route-words"), `Pipeline: ${looked.answer.pipeline}`);
  }

  #row(ranked) {
    const write = button("Write", () => this.#guarded(() => this.#write(ranked)));
    write.setAttribute("aria-label", `Write ${ranked.keyword}`);
    const words = [element("span", "keyword", ranked.keyword), element("span", "percent", percent(ranked.confidence))];
    return element("div", "row", ...words, write);
  }

  /** One thing at a time, with its errors as a sentence. */
  async #guarded(work) {
    if (this.#cancellation) return;
    this.#cancellation = new Cancellation();
    this.#notice("");
    this.#turn(true);
    try {
      await work();
    } catch (error) {
      this.#notice(error instanceof CancelledError ? "Cancelled." : error.message || String(error));
    } finally {
      this.#cancellation = null;
      this.#turn(false);
    }
  }

  #turn(working) {
    byId("look").disabled = working;
    setShown(byId("look-cancel"), working);
  }
}

function found({ target, answer }) {
  return answer.needsReview ? `${target.name}: not sure, please look at it` : target.name;
}

module.exports = { DocumentPanel };
