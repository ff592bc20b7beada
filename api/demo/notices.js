/**
 * Messages above the results: what went wrong, or what came of a download. Each subject has at most one.
 */

import { byId, element, icon } from "./dom.js";

const shown = new Map();

/**
 * Say something, instead of what was said on the same subject before.
 * @param {string} subject
 * @param {string} text
 * @param {{ problem?: boolean, lines?: string[] }} [how] a problem is read out at once; lines are shown on demand.
 */
export function tell(subject, text, { problem = false, lines = [] } = {}) {
  untell(subject);
  const close = element("button", { type: "button", class: "plain", "aria-label": "Close this message" }, icon("close"));
  const words = element("div", {}, element("p", {}, text), lines.length ? more(lines) : null);
  const notice = element("div", { class: `notice ${problem ? "problem" : ""}`, role: problem ? "alert" : "status" },
    icon(problem ? "alert" : "info"), words, close);
  close.addEventListener("click", () => untell(subject));
  byId("notices").append(notice);
  shown.set(subject, notice);
}

/** Nothing more on this subject. */
export function untell(subject) {
  shown.get(subject)?.remove();
  shown.delete(subject);
}

function more(lines) {
  const list = element("ul", {}, ...lines.map((line) => element("li", {}, line)));
  return element("details", {}, element("summary", {}, "Which ones"), list);
}
