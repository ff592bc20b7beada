/**
 * Hands a blob to the browser's downloads.
 */

const KEPT_MS = 60_000;

/** @param {Blob} blob @param {string} name of the file. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // A browser that asks where to save reads the blob only after that.
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

/** "2026-11-23", by the clock of the person. */
export function today(now = new Date()) {
  const [month, day] = [now.getMonth() + 1, now.getDate()].map((number) => String(number).padStart(2, "0"));
  return `${now.getFullYear()}-${month}-${day}`;
}
