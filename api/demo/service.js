/**
 * The HTTP client: one method for each call that the page makes, each answers or throws one of errors.js.
 * Paths are relative to the page, so that it works behind a proxy with a prefix.
 */

import { AwayError, isAbort, KeyError, RefusedError } from "./errors.js";
import { Patience } from "./patience.js";

const BASE = new URL("api/v1/", document.baseURI);
const KEY_NEEDED = new Set([401, 403]);
const LATER = new Set([429, 503]);
const QUESTION = { top: "3", nearest: "3", detail: "true" };

/**
 * @typedef {{ keyword: string, confidence: number, pipeline: string }} Prediction
 * @typedef {{ shoot: string, file: string, keyword: string, similarity: number, thumbnail: string }} Neighbor
 * @typedef {{ release_id: string, predictions: Prediction[], keyword: string, pipeline: string,
 *   needs_review: boolean, nearest: Neighbor[] | null }} Answer
 * @typedef {{ bytes: Uint8Array, written: boolean }} Keyworded
 */

export class Service extends EventTarget {
  #patience = new Patience((wait) => this.#tell("busy", wait));
  #key;

  /** @param {() => string} key gives the API key at the moment of each call, "" for none. */
  constructor(key) {
    super();
    this.#key = key;
  }

  /** How the service is: 200 and 503 both carry the report. */
  async health(signal) {
    const response = await this.#fetch(new URL("health", BASE), { cache: "no-store", signal });
    if (response.status !== 200 && response.status !== 503) throw await refusal(response);
    return response.json();
  }

  /** @returns {Promise<Answer>} */
  async classify(photo, signal) {
    return (await this.#ask(photo, QUESTION, signal)).json();
  }

  /**
   * The photo with its keyword written into the metadata.
   * @param {number} minConfidence in percent; a less sure answer leaves the photo as it is.
   * @returns {Promise<Keyworded>}
   */
  async keyworded(photo, minConfidence, signal) {
    const response = await this.#ask(photo, { output: "file", min_confidence: String(minConfidence) }, signal);
    // Bytes, not a blob: blobs live outside the script's memory until it is next cleaned up, which may be never.
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { bytes, written: response.headers.get("X-Keyword-Written") !== "false" };
  }

  /** A small picture of the service; fetched, because an <img> cannot send the key. */
  async picture(path, signal) {
    const url = new URL(path.replace(/^\/api\/v1\//, ""), BASE);
    const response = await this.#fetch(url, { signal });
    if (!response.ok) throw await refusal(response);
    return response.blob();
  }

  /** What a GET below the base path answers, as JSON. @param {string} path such as "review/progress". */
  async read(path, signal) {
    return this.#json(path, { cache: "no-store", signal });
  }

  /** What a POST of a value answers, as JSON. */
  async send(path, value, signal) {
    const headers = { "Content-Type": "application/json" };
    return this.#json(path, { method: "POST", headers, body: JSON.stringify(value), signal });
  }

  async #json(path, options) {
    const response = await this.#patience.send(() => this.#fetch(new URL(path, BASE), options), options.signal);
    if (!response.ok) throw await refusal(response);
    return response.json();
  }

  async #ask(photo, parameters, signal) {
    const response = await this.#patience.send(() => this.#post(photo, parameters, signal), signal);
    if (!response.ok) throw await refusal(response);
    return response;
  }

  #post(photo, parameters, signal) {
    const query = new URLSearchParams(parameters);
    if (photo.url) {
      query.set("url", photo.url);
      return this.#fetch(new URL(`classify?${query}`, BASE), { method: "POST", signal });
    }
    const body = new FormData();
    body.set("file", photo.file, photo.name); // the browser streams it from disk
    return this.#fetch(new URL(`predict?${query}`, BASE), { method: "POST", body, signal });
  }

  async #fetch(url, options) {
    const key = this.#key();
    const headers = { ...options.headers, ...(key ? { "X-API-Key": key } : {}) };
    try {
      const response = await fetch(url, { ...options, headers, credentials: "same-origin" });
      this.#tell("release", response.headers.get("X-Model-Release"));
      return response;
    } catch (error) {
      if (isAbort(error)) throw error;
      throw new AwayError("The service does not answer.", { cause: error });
    }
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** The error that an answer stands for, in the service's own words where it has some. */
async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  const detail = typeof problem.detail === "string" && problem.detail
    ? problem.detail
    : `The service answered ${response.status} without a reason.`;
  if (KEY_NEEDED.has(response.status)) return new KeyError(detail);
  if (LATER.has(response.status)) return new AwayError(detail);
  // "File must be an image" says little of a photo that was cut short: what the service adds is what helps.
  return new RefusedError(response.status, typeof problem.reason === "string" ? problem.reason : detail);
}
