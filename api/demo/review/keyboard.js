/**
 * From keys to what a person means by them. Typing into a field means the field; a key that is held means nothing.
 */

import { byId } from "../dom.js";

const KEPT_AS = "recipe-review-single-keys";
const COMMANDS = { Backspace: "undo", ArrowRight: "skip", Delete: "drop", "/": "find" };

/**
 * @param {{ undo: () => void, skip: () => void, drop: () => void, find: () => void,
 *   guess: (place: number) => void, letter: (key: string) => void }} does
 */
export function listen(does) {
  const toggle = byId("single-keys");
  toggle.checked = localStorage.getItem(KEPT_AS) !== "off";
  toggle.addEventListener("change", () => localStorage.setItem(KEPT_AS, toggle.checked ? "on" : "off"));
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.isComposing || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const act = meaning(event, does, toggle.checked);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function meaning({ key, ctrlKey, metaKey, altKey }, does, singleKeys) {
  if ((ctrlKey || metaKey) && !altKey && key.toLowerCase() === "z") return does.undo;
  // Whoever speaks to the computer may press letters without meaning to (WCAG 2.2, 2.1.4): hence the switch.
  if (ctrlKey || metaKey || altKey || !singleKeys) return null;
  if (COMMANDS[key]) return does[COMMANDS[key]];
  if (/^[1-9]$/.test(key)) return () => does.guess(Number(key));
  return /^[a-z]$/i.test(key) ? () => does.letter(key.toLowerCase()) : null;
}

function isTyping(target) {
  return target instanceof HTMLElement && target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");
}
