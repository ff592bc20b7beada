/**
 * The release in the header: asked for when the page opens, then taken from every answer.
 */

import { byId, setText } from "./dom.js";
import { sleep } from "./patience.js";

const LOOK_AGAIN_MS = 3_000;

/** @param {import("./service.js").Service} service */
export function showRelease(service) {
  service.addEventListener("release", ({ detail }) => detail && show("ready", detail));
  void askUntilReady(service);
}

async function askUntilReady(service) {
  for (;;) {
    const report = await service.health().catch(() => null);
    if (report?.release_id) return show("ready", report.release_id);
    show(report ? "loading" : "away", report ? "loading a release" : "the service does not answer");
    await sleep(LOOK_AGAIN_MS);
  }
}

function show(state, text) {
  const place = byId("release");
  place.dataset.state = state;
  setText(byId("release-name"), text);
  place.title = state === "ready" ? "The release that answers now" : "";
}
