/**
 * Puts the page together: the service, what is known of the photos, the queues, and the views that follow them.
 */

import { announce } from "./announce.js";
import { classifying } from "./classifying.js";
import { byId, setText } from "./dom.js";
import { enableDownloads, openDownloads, start } from "./downloads.js";
import { countFilters, openFilters } from "./filters.js";
import { openIntake } from "./intake.js";
import { Keys } from "./keys.js";
import { Keywording } from "./keywording.js";
import { List } from "./list.js";
import { tell, untell } from "./notices.js";
import { Pictures } from "./pictures.js";
import { Progress } from "./progress.js";
import { Queue } from "./queue.js";
import { recover } from "./recovery.js";
import { showRelease } from "./release.js";
import { Results } from "./results.js";
import { Service } from "./service.js";
import { count, duration } from "./words.js";

const AT_ONCE = 4;
const WORTH_SAYING_MS = 1_500;

const keys = new Keys();
const service = new Service(() => keys.current);
const results = new Results();
const keywording = new Keywording(service);
const queue = new Queue(classifying(service, results), AT_ONCE);
const classified = new Progress(queue, "Classified");
const keyworded = new Progress(keywording.queue, "Keyworded", () => keywording.cancel());

function take({ photos, skipped }) {
  untell("intake");
  if (skipped) tell("intake", `${count(skipped, "file")} left out: the service does not read files of that kind.`);
  if (!photos.length) return skipped || tell("intake", "There is no photo in what was given.", { problem: true });
  announce(`${count(photos.length, "photo")} added`);
  queue.add(results.add(photos));
}

function retry(items) {
  for (const item of items) results.set(item, "waiting");
  queue.add(items);
}

function clear() {
  queue.clear();
  keywording.cancel();
  results.clear();
  for (const subject of ["download", "intake", "away", "key"]) untell(subject);
  announce("The list is empty");
  byId("files").focus();
}

/** Whatever is counted, at most once a frame: answers may come in faster than the eye reads. */
let refreshing = false;
function refresh() {
  if (refreshing) return;
  refreshing = true;
  requestAnimationFrame(() => {
    refreshing = false;
    const counts = results.counts;
    document.body.classList.toggle("with-results", counts.all > 0);
    byId("results").hidden = counts.all === 0;
    setText(byId("results-title"), count(counts.all, "photo"));
    setText(byId("summary"), summary(counts));
    byId("filters").hidden = counts.all < 2;
    byId("retry").hidden = !counts.failed;
    byId("nothing").hidden = results.items.some((item) => results.shows(item));
    classified.update(counts.all - counts.left, counts.all);
    countFilters(results);
    enableDownloads(results, keywording);
  });
}

function summary({ review, failed, done }) {
  const parts = [review ? `${review} to review` : "", failed ? `${failed} failed` : ""].filter(Boolean);
  return parts.length || !done ? parts.join(", ") : "none to review";
}

function finished() {
  const counts = results.counts;
  if (queue.state === "idle" && counts.all) announce(`${count(counts.all, "photo")} classified. ${summary(counts)}`);
}

function tellBusy({ detail: wait }) {
  if (wait > WORTH_SAYING_MS) tell("busy", `The service is busy; going on in ${duration(wait / 1000)}.`);
  else if (wait === 0) untell("busy");
}

openIntake(take);
openFilters(results);
openDownloads(results, keywording);
showRelease(service);
recover([queue, keywording.queue], service, keys);
new List(byId("list"), results, {
  pictures: new Pictures(service), service, retry: (item) => retry([item]), download: (item) => start(keywording, [item]),
});
byId("progress").append(classified.element, keyworded.element);
byId("retry").addEventListener("click", () => retry(results.items.filter((item) => item.state === "failed")));
byId("clear").addEventListener("click", clear);
service.addEventListener("busy", tellBusy);
keywording.addEventListener("progress", ({ detail: [done, total] }) => keyworded.update(done, total));
for (const source of [results, queue, keywording.queue]) {
  for (const type of ["added", "changed", "cleared", "filtered", "change"]) source.addEventListener(type, refresh);
}
queue.addEventListener("change", finished);
window.addEventListener("beforeunload", (event) => {
  if (queue.left || keywording.queue.left) event.preventDefault();
});
