/**
 * Results as CSV: RFC 4180, in UTF-8 with a byte order mark so that Excel reads umlauts, and safe to open there.
 */

const COLUMNS = [
  "file", "keyword", "confidence", "pipeline", "needs_review",
  "keyword_2", "confidence_2", "keyword_3", "confidence_3", "release_id", "error",
];
const MARK = "\ufeff";

/**
 * One row for each photo that was answered or refused.
 * @param {import("./results.js").Item[]} items
 */
export function csv(items) {
  const rows = items.filter((item) => item.answer || item.error).map(row);
  return MARK + [COLUMNS, ...rows].map((fields) => fields.map(field).join(",") + "\r\n").join("");
}

function row({ photo, answer, error }) {
  if (!answer) return [photo.path, ...COLUMNS.slice(2).map(() => ""), error.message];
  const [, second, third] = answer.predictions;
  return [
    photo.path, answer.keyword, answer.predictions[0].confidence, answer.pipeline, answer.needs_review,
    second?.keyword, second?.confidence, third?.keyword, third?.confidence, answer.release_id, "",
  ];
}

/** A spreadsheet runs text that starts like this as a formula; an apostrophe makes it text (OWASP, CSV injection). */
const FORMULA = /^[=+\-@\t\r]/;

/** One field. Numbers are never guarded: a confidence is no formula. */
export function field(value) {
  if (typeof value !== "string") return String(value ?? "");
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
