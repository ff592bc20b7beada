/**
 * What happens when the service is away or wants a key: the queues pause, a person is told in plain words, and
 * work goes on by itself as soon as it can.
 */

import { AwayError, KeyError } from "./errors.js";
import { tell, untell } from "./notices.js";
import { sleep } from "./patience.js";

const FIRST_LOOK_MS = 250;
const LONGEST_LOOK_MS = 4_000;
const AWAY = "away";
const KEY = "key";

/**
 * @param {import("./queue.js").Queue[]} queues
 * @param {import("./service.js").Service} service
 * @param {import("./keys.js").Keys} keys
 */
export function recover(queues, service, keys) {
  let looking = false;

  const goOn = (kind) => {
    for (const queue of queues) if (queue.paused instanceof kind) queue.resume();
  };
  const isAway = () => queues.some((queue) => queue.paused instanceof AwayError);

  async function lookOut() {
    if (looking) return;
    looking = true;
    for (let wait = FIRST_LOOK_MS; isAway(); wait = Math.min(2 * wait, LONGEST_LOOK_MS)) {
      await sleep(wait);
      const report = await service.health().catch(() => null);
      if (report?.status === "ready") goOn(AwayError);
    }
    looking = false;
    untell(AWAY);
  }

  function turned(queue) {
    const { paused } = queue;
    if (paused instanceof AwayError) {
      const sentence = `${paused.message} The photos wait here, and go on when the service does.`;
      tell(AWAY, sentence, { problem: true });
      void lookOut();
    } else if (paused instanceof KeyError) {
      tell(KEY, "The service asks for an API key. The photos wait here.", { problem: true });
      keys.ask(paused.message);
    }
  }

  for (const queue of queues) queue.addEventListener("change", () => turned(queue));
  keys.addEventListener("saved", () => {
    untell(KEY);
    goOn(KeyError);
  });
}
