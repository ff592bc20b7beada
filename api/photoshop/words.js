/**
 * Numbers and results in words, the same everywhere in the panel. UXP's Intl is not relied on.
 */

/** 97.25 -> "97.3 %"; the space does not break. */
const percent = (confidence) => `${confidence.toFixed(1)}\u00a0%`;

/** 1, "photo" -> "1 photo"; 3, "photo" -> "3 photos". */
const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** What became of a batch: "12 photos keyworded, 2 not changed, 1 failed". */
function outcome(results) {
  const number = (state) => results.filter((result) => result.state === state).length;
  const parts = [`${count(number("written"), "photo")} keyworded`];
  if (number("kept")) parts.push(`${number("kept")} not changed`);
  if (number("failed")) parts.push(`${number("failed")} failed`);
  return parts.join(", ");
}

module.exports = { count, outcome, percent };
