/**
 * What a person set: read from and written to a storage, checked on the way in. The API key is kept apart, by the
 * host's secure storage. The storages are given, so that this runs without Photoshop.
 */

const { SettingError } = require("./failures.js");
const { serverBase } = require("./address.js");
const { readRoutes } = require("./routing.js");

const KEY = "recipe-api-key";
const NAME = (field) => `recipe-${field}`;
const KEY_SHAPE = /^[!-~]*$/; // visible ASCII: what fits in a header

class Settings {
  #storage;
  #secrets;

  /**
   * @param {Storage} storage like localStorage.
   * @param {{ read(name: string): Promise<string>, write(name: string, value: string): Promise<void> }} secrets
   * @param {string} address the one to begin with.
   */
  constructor(storage, secrets, address = "") {
    this.#storage = storage;
    this.#secrets = secrets;
    this.address = this.#text("address", address);
    this.allowPlain = this.#text("allow-plain") === "true";
    this.playActions = this.#text("play-actions") === "true";
    this.minConfidence = inPercent(this.#text("min-confidence"), 0);
    this.routes = readRoutes(this.#text("routes"));
    this.key = "";
  }

  /** Where calls go. @throws {SettingError} */
  get base() {
    return serverBase(this.address, this.allowPlain);
  }

  /** Fetch the API key; one that got lost, as secure storage warns that it may, is asked for again by the service. */
  async loadKey() {
    this.key = await this.#secrets.read(KEY).catch(() => "");
  }

  /**
   * Keep new settings; nothing is kept if one of them cannot be used.
   * @param {{ address: string, key: string, allowPlain: boolean, playActions: boolean, minConfidence: string,
   *   routes: Record<string, import("./routing.js").Route> }} changed
   * @throws {SettingError}
   */
  async save(changed) {
    const minConfidence = inPercent(changed.minConfidence, NaN);
    if (Number.isNaN(minConfidence)) throw new SettingError("The least confidence is a number from 0 to 100.");
    serverBase(changed.address, changed.allowPlain);
    const key = changed.key.trim();
    if (!KEY_SHAPE.test(key)) throw new SettingError("The API key has characters that no key has: copy it again.");
    await this.#secrets.write(KEY, key);
    Object.assign(this, changed, { address: changed.address.trim(), key, minConfidence });
    this.#keep("address", this.address);
    this.#keep("allow-plain", this.allowPlain);
    this.#keep("play-actions", this.playActions);
    this.#keep("min-confidence", minConfidence);
    this.#keep("routes", JSON.stringify(changed.routes));
  }

  #text(field, otherwise = "") {
    const kept = this.#storage.getItem(NAME(field));
    return typeof kept === "string" ? kept : otherwise;
  }

  #keep(field, value) {
    this.#storage.setItem(NAME(field), String(value));
  }
}

function inPercent(text, otherwise) {
  const number = text.trim() === "" ? NaN : Number(text);
  return number >= 0 && number <= 100 ? number : otherwise;
}

module.exports = { Settings };
