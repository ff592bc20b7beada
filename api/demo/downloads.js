/**
 * The buttons below the filters: results as CSV, keyworded photos, and what came of them.
 */

import { announce } from "./announce.js";
import { csv } from "./csv.js";
import { byId } from "./dom.js";
import { sentence } from "./keywording.js";
import { tell, untell } from "./notices.js";
import { save, today } from "./save.js";

const SUBJECT = "download";

/**
 * @param {import("./results.js").Results} results what the filter shows is what is downloaded.
 * @param {import("./keywording.js").Keywording} keywording
 */
export function openDownloads(results, keywording) {
  byId("csv").addEventListener("click", () => {
    save(new Blob([csv(results.shown)], { type: "text/csv" }), `keywords-${today()}.csv`);
  });
  byId("keyworded").addEventListener("click", () => {
    start(keywording, results.shown.filter((item) => item.answer));
  });
  keywording.addEventListener("finished", ({ detail }) => report(detail));
  keywording.addEventListener("refused", ({ detail }) => tell(SUBJECT, detail, { problem: true }));
}

/** Keyword these photos with the sureness that the person asked for. */
export function start(keywording, items) {
  if (keywording.busy) return tell(SUBJECT, "One download at a time: this one can start when the other is done.");
  untell(SUBJECT);
  void keywording.start(items, Number(byId("sure").value) || 0);
}

/** Buttons that can do nothing say so. */
export function enableDownloads(results, keywording) {
  const shown = results.shown;
  byId("csv").disabled = !shown.some((item) => item.answer || item.error);
  byId("keyworded").disabled = keywording.busy || !shown.some((item) => item.answer);
}

function report(found) {
  const problem = found.failed.length > 0;
  tell(SUBJECT, sentence(found), { problem, lines: [...found.failed, ...found.unsure] });
  if (!problem) announce(sentence(found));
}
