/**
 * Trying again: a busy service (429, 503) when its `Retry-After` says so, one that does not answer after a while.
 * Which request is sent, and what other answers mean, is not decided here. The demo page has a patience of its own:
 * it shares one gate between many requests, with what browsers have and UXP has not.
 */

const { AwayError } = require("./failures.js");

const BUSY = [429, 503];
const TRIES = 10;
const BROKEN_TRIES = 3;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60000;

/**
 * How long to wait before the next try, in milliseconds.
 * @param {string | null} retryAfter the header: seconds or an HTTP date (RFC 9110, 10.2.3).
 * @param {number} tries how many there were; without a usable header the wait doubles with each.
 * @param {number} now in milliseconds since 1970.
 */
function waitFor(retryAfter, tries, now = Date.now()) {
  const text = (retryAfter || "").trim();
  let asked = NaN;
  if (/^\d+$/.test(text)) asked = Number(text) * 1000;
  else if (/GMT$/.test(text)) asked = Date.parse(text) - now; // Date.parse takes nearly anything for a date
  const wait = Number.isNaN(asked) ? FIRST_WAIT_MS * 2 ** (tries - 1) : asked;
  return Math.min(Math.max(wait, 0), LONGEST_WAIT_MS);
}

/**
 * Send until there is an answer that is not "busy", or the tries are used up; then the last answer is returned.
 * @param {() => Promise<Response>} send throws AwayError if nothing answers; nothing else is tried again.
 * @param {import("./cancelling.js").Cancellation} cancellation
 * @param {(sentence: string) => void} tell hears why it takes longer, "" when it goes on.
 */
async function patiently(send, cancellation, tell) {
  for (let tries = 1, broken = 1; ; tries += 1) {
    cancellation.check();
    const response = await send().catch((error) => {
      if (!(error instanceof AwayError) || broken === BROKEN_TRIES) throw error;
      return null;
    });
    if (response && (!BUSY.includes(response.status) || tries === TRIES)) return response;
    const wait = response ? waitFor(response.headers.get("Retry-After"), tries) : waitFor(null, broken++);
    tell(`${response ? "The service is busy" : "The service does not answer"}; next try ${inSeconds(wait)}.`);
    await cancellation.sleep(wait);
    tell("");
  }
}

const inSeconds = (ms) => (ms < 1000 ? "now" : `in ${Math.ceil(ms / 1000)} s`);

module.exports = { patiently, waitFor };
