/**
 * Numbers, sizes and times in words. Every view says them the same way.
 */

const PERCENT = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const COUNT = new Intl.NumberFormat("en");
const UNITS = ["bytes", "KB", "MB", "GB"];

/** 97.25 -> "97.3 %"; the space does not break. */
export const percent = (confidence) => `${PERCENT.format(confidence)}\u00a0%`;

/** 1, "photo" -> "1 photo"; 1200, "photo" -> "1,200 photos". */
export const count = (number, noun) => `${COUNT.format(number)} ${noun}${number === 1 ? "" : "s"}`;

/** 8388608 -> "8.4 MB": decimal units, as file managers say them. */
export function bytes(size) {
  let value = size;
  let unit = 0;
  for (; value >= 1000 && unit < UNITS.length - 1; unit += 1) value /= 1000;
  return `${value.toLocaleString("en", { maximumFractionDigits: unit < 2 ? 0 : 1 })} ${UNITS[unit]}`;
}

/** 130 -> "about 2 minutes". */
export function duration(seconds) {
  if (seconds < 10) return "a few seconds";
  if (seconds < 90) return `about ${Math.ceil(seconds / 10) * 10} seconds`;
  return `about ${Math.round(seconds / 60)} minutes`;
}
