/**
 * The choice of what the list shows, with the number of photos behind every choice.
 */

import { byId, element, setText } from "./dom.js";

const STATUSES = ["all", "review", "failed"];

/** @param {import("./results.js").Results} results */
export function openFilters(results) {
  const select = byId("keyword");
  select.addEventListener("change", () => results.show({ keyword: select.value }));
  for (const status of STATUSES) {
    byId(`show-${status}`).addEventListener("change", () => results.show({ status }));
  }
  results.addEventListener("cleared", () => {
    select.replaceChildren(element("option", { value: "" }, "Any keyword"));
    byId("show-all").checked = true;
  });
}

/** Bring the numbers up to date. @param {import("./results.js").Results} results */
export function countFilters(results) {
  const counts = results.counts;
  for (const status of STATUSES) setText(byId(`count-${status}`), String(counts[status]));
  updateKeywords(byId("keyword"), results.keywords);
}

/** Change options in place: the person may have the list open. */
function updateKeywords(select, keywords) {
  const known = new Map([...select.options].map((option) => [option.value, option]));
  for (const [keyword, number] of keywords) {
    const label = `${keyword} (${number})`;
    const option = known.get(keyword);
    if (option) setText(option, label);
    else insertSorted(select, element("option", { value: keyword }, label));
  }
}

function insertSorted(select, option) {
  const after = [...select.options].slice(1).find((other) => other.value.localeCompare(option.value) > 0);
  select.insertBefore(option, after ?? null);
}
