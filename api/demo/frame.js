/**
 * The place of one picture on the page: empty, then the picture, or a word where there can be none.
 * It owns the picture's object URL and revokes it.
 */

import { element } from "./dom.js";
import { extension } from "./photos.js";

export class Frame {
  #image = element("img", { alt: "", decoding: "async", hidden: true });
  #controller = null;
  #url = "";

  /**
   * @param {string} kind a class for its looks.
   * @param {string} description for screen readers; "" where the words beside it say all.
   */
  constructor(kind, description = "") {
    this.#image.alt = description;
    this.element = element("span", { class: `frame ${kind}` }, this.#image);
  }

  /**
   * Show what `make` brings, once; asking again while it is shown or on its way does nothing.
   * @param {(signal: AbortSignal) => Promise<Blob | null>} make
   * @param {string} name of the photo, whose kind is named where it cannot be shown.
   */
  async show(make, name) {
    if (this.#controller) return;
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    const blob = await make(signal).catch(() => null);
    if (signal.aborted) return;
    if (blob) this.#fill(blob);
    else this.element.dataset.without = extension(name).slice(1).toUpperCase() || "No picture";
  }

  /** Stop waiting for a picture that is not there yet. */
  leave() {
    if (!this.#url && !this.element.dataset.without) this.close();
  }

  /** Give up the picture and its memory. */
  close() {
    this.#controller?.abort();
    this.#controller = null;
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = "";
    this.#image.removeAttribute("src");
    this.#image.hidden = true;
  }

  #fill(blob) {
    this.#url = URL.createObjectURL(blob);
    this.#image.src = this.#url;
    this.#image.hidden = false;
  }
}
