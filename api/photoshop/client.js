/**
 * The HTTP client: one method for each call that the plugin makes; each answers or throws one of failures.js.
 * Photos go as the bare body: UXP's forms lose names, and the service looks at nothing but the content.
 *
 * @typedef {{ keyword: string, confidence: number, pipeline: string }} Ranked
 * @typedef {{ releaseId: string, top: Ranked[], keyword: string, pipeline: string, needsReview: boolean }} Answer
 * @typedef {{ xmp: string, keyword: string, releaseId: string, written: boolean }} Packet what to write, in XMP;
 *   `written` is false where the service was less sure than was asked for and the photo is to stay as it is.
 */

const { AwayError, KeyError, RefusedError } = require("./failures.js");
const { query } = require("./address.js");
const { patiently } = require("./patience.js");

const TOP = 3;
const DEADLINE_MS = 90000;
const RELEASE_TRIES = 4;
const AWAY = "The keyword service does not answer. Is the address right, and is the service running?";
const STRANGER = "What answers at this address is no keyword service. Check the address in the settings.";

class Service {
  #base;
  #key;
  #tell;

  /**
   * @param {{ base: string, key: string }} settings where the service is, and the API key ("" for none).
   * @param {(sentence: string) => void} [tell] hears why something takes longer, "" when it goes on.
   */
  constructor({ base, key }, tell = () => {}) {
    this.#base = base;
    this.#key = key;
    this.#tell = tell;
  }

  /** The likeliest keywords of a photo. @param {ArrayBuffer | Uint8Array} photo @returns {Promise<Answer>} */
  async classify(photo, cancellation) {
    const response = await this.#post({ detail: true, top: TOP }, photo, cancellation);
    return readAnswer(await json(response, cancellation));
  }

  /** The metadata that a photo is to get. @returns {Promise<Packet>} */
  async packet(photo, minConfidence, cancellation) {
    const parameters = { output: "xmp", min_confidence: minConfidence };
    const response = await this.#post(parameters, photo, cancellation);
    const header = (name) => response.headers.get(name) || "";
    if (!header("X-Keyword") || !header("X-Model-Release")) throw new AwayError(STRANGER);
    return {
      xmp: await cancellation.race(response.text()),
      keyword: decodeURIComponent(header("X-Keyword")),
      releaseId: header("X-Model-Release"),
      written: header("X-Keyword-Written") !== "false",
    };
  }

  /**
   * Both, by one and the same release: what is shown is what is written, also while a new release comes in.
   * @returns {Promise<{ answer: Answer, packet: Packet }>}
   */
  async answerWithPacket(photo, minConfidence, cancellation) {
    for (let tries = 0; tries < RELEASE_TRIES; tries += 1) {
      const answer = await this.classify(photo, cancellation);
      const packet = await this.packet(photo, minConfidence, cancellation);
      if (answer.releaseId === packet.releaseId) return { answer, packet };
    }
    throw new AwayError("The service changes its model all the time; try again in a minute.");
  }

  /** The pipelines of the served release, in alphabetical order. @returns {Promise<string[]>} */
  async pipelines(cancellation) {
    const response = await this.#sent(`${this.#base}/model`, {}, cancellation);
    const model = await json(response, cancellation);
    if (!Array.isArray(model.keywords)) throw new AwayError(STRANGER);
    return [...new Set(model.keywords.map((keyword) => keyword.pipeline))].sort();
  }

  #post(parameters, photo, cancellation) {
    const options = { method: "POST", body: photo, headers: { "Content-Type": "application/octet-stream" } };
    return this.#sent(`${this.#base}/predict${query(parameters)}`, options, cancellation);
  }

  async #sent(url, options, cancellation) {
    const response = await patiently(() => this.#fetch(url, options, cancellation), cancellation, this.#tell);
    if (!response.ok) throw await refusal(response);
    return response;
  }

  async #fetch(url, options, cancellation) {
    const headers = { ...options.headers, ...(this.#key ? { "X-API-Key": this.#key } : {}) };
    const sent = fetch(url, { ...options, headers, credentials: "omit", signal: cancellation.signal });
    try {
      return await cancellation.race(inTime(sent));
    } catch (error) {
      cancellation.check();
      throw new AwayError(AWAY, { cause: error });
    }
  }
}

/** UXP's fetch knows no timeout. */
async function inTime(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${DEADLINE_MS / 1000} s`)), DEADLINE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function json(response, cancellation) {
  const value = await cancellation.race(response.json().catch(() => null));
  if (!value || typeof value !== "object") throw new AwayError(STRANGER);
  return value;
}

function readAnswer(value) {
  if (!Array.isArray(value.predictions) || !value.predictions.length || !value.keyword) throw new AwayError(STRANGER);
  return {
    releaseId: value.release_id,
    top: value.predictions.map(({ keyword, confidence, pipeline }) => ({ keyword, confidence, pipeline })),
    keyword: value.keyword,
    pipeline: value.pipeline,
    needsReview: value.needs_review,
  };
}

/** The error that an answer stands for, in the service's own words where it has some. */
async function refusal(response) {
  const problem = (await response.json().catch(() => null)) || {};
  // "File must be an image" says little of a photo that was cut short: what the service adds is what helps.
  const said = [problem.reason, problem.detail].find((one) => typeof one === "string" && one);
  const sentence = said || `The server answered ${response.status} without a reason.`;
  if ([401, 403].includes(response.status)) return new KeyError(`The API key was not accepted: ${sentence}`);
  if ([429, 502, 503, 504].includes(response.status)) return new AwayError(`The service cannot answer now: ${sentence}`);
  if (response.status === 404) return new AwayError(STRANGER);
  return new RefusedError(response.status, sentence);
}

module.exports = { Service };
