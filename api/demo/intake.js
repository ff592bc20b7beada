/**
 * The ways in: choose, drop, paste, and a web address. Gives what it found to one function.
 */

import { announce } from "./announce.js";
import { byId, setText } from "./dom.js";
import { fromClipboard, fromDrop, fromFiles, fromFolder, fromUrl, webAddress } from "./photos.js";

/** @param {(found: import("./photos.js").Found) => void} take */
export function openIntake(take) {
  listenToInput("files", fromFiles, take);
  listenToInput("folder", fromFolder, take);
  listenToDrops(take);
  listenToPaste(take);
  listenToAddress(take);
}

function listenToInput(id, read, take) {
  const input = byId(id);
  if (id === "folder" && !("webkitdirectory" in input)) input.closest("label").hidden = true;
  input.addEventListener("change", () => {
    take(read(input.files));
    input.value = ""; // the same choice again is a change again
  });
}

function listenToDrops(take) {
  const root = document.documentElement;
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  // Anywhere on the page: a photo that misses a target must not replace the page.
  window.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    root.classList.add("dragging");
  });
  window.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) root.classList.remove("dragging");
  });
  window.addEventListener("drop", (event) => {
    root.classList.remove("dragging");
    if (!hasFiles(event)) return;
    event.preventDefault();
    fromDrop(event.dataTransfer).then(take, reportError);
  });
}

function listenToPaste(take) {
  document.addEventListener("paste", (event) => {
    const found = fromClipboard(event.clipboardData);
    const writing = event.target instanceof HTMLInputElement && !event.clipboardData.files.length;
    if (writing || !found.photos.length) return;
    event.preventDefault();
    take(found);
  });
}

function listenToAddress(take) {
  const field = byId("url");
  const problem = byId("url-problem");
  byId("url-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const url = webAddress(field.value);
    setText(problem, url ? "" : "That is no web address: it starts with https:// or http://");
    field.setAttribute("aria-invalid", String(!url));
    if (!url) {
      announce(problem.textContent);
      return field.focus();
    }
    take({ photos: [fromUrl(url)], skipped: 0 });
    field.value = "";
  });
}
