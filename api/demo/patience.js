/**
 * Waiting for a busy service: 429 and 503 are tried again when their `Retry-After` says so, by all at once.
 * Which request is sent, and what other answers mean, is not decided here.
 */

export const LONGEST_WAIT_MS = 60_000;
const FIRST_WAIT_MS = 1_000;
const TRIES = 10;
const BUSY = new Set([429, 503]);

/** Resolve after some time, or throw AbortError at once when the signal says so. */
export function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const ended = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", ended);
      resolve();
    }, ms);
    signal?.addEventListener("abort", ended, { once: true });
  });
}

/**
 * How long to wait before the next try, in milliseconds.
 * @param {string | null} retryAfter the header: seconds or an HTTP date (RFC 9110, 10.2.3).
 * @param {number} tries how many there were; without a header the wait doubles with each.
 */
export function waitFor(retryAfter, tries, now = Date.now()) {
  const text = (retryAfter ?? "").trim();
  let asked = NaN;
  if (/^\d+$/.test(text)) asked = Number(text) * 1000;
  else if (text.endsWith("GMT")) asked = Date.parse(text) - now; // Date.parse takes nearly anything for a date
  const wait = Number.isNaN(asked) ? FIRST_WAIT_MS * 2 ** (tries - 1) : asked;
  return Math.min(Math.max(wait, 0), LONGEST_WAIT_MS);
}

/** One gate for all requests: when the service tells one of them to wait, none runs against the wall. */
export class Patience {
  #opens = 0;
  #tell;

  /** @param {(ms: number) => void} tell hears of every wait, and 0 when an answer came after one. */
  constructor(tell = () => {}) {
    this.#tell = tell;
  }

  /**
   * Send until the answer is not "busy", or the tries are used up; then the last answer is returned.
   * @param {() => Promise<Response>} send
   * @param {AbortSignal} [signal]
   */
  async send(send, signal) {
    for (let tries = 1; ; tries += 1) {
      await this.#opened(signal);
      const response = await send();
      if (!BUSY.has(response.status)) {
        this.#tell(0);
        return response;
      }
      if (tries === TRIES) return response;
      this.#close(waitFor(response.headers.get("Retry-After"), tries));
      await response.body?.cancel();
    }
  }

  #close(wait) {
    // Some spread, or all tabs of a studio would come back in the same moment.
    const opens = Date.now() + wait * (1 + Math.random() / 10);
    this.#opens = Math.max(this.#opens, opens);
    this.#tell(wait);
  }

  async #opened(signal) {
    while (Date.now() < this.#opens) await sleep(this.#opens - Date.now(), signal);
    signal?.throwIfAborted();
  }
}
