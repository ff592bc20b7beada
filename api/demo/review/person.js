/**
 * Who reviews: a name that is asked for once and kept in this browser. It says whose an answer is; it opens nothing.
 */

import { byId, setText } from "../dom.js";

const KEPT_AS = "recipe-review-person";

/** Events: "changed" when another name counts from now on. */
export class Person extends EventTarget {
  #dialog = byId("person-dialog");
  #field = byId("person");
  #name = kept();

  constructor() {
    super();
    byId("person-button").addEventListener("click", () => this.ask());
    byId("person-form").addEventListener("submit", () => this.#save());
    this.#show();
  }

  /** The name, "" before one was given. */
  get name() {
    return this.#name;
  }

  /** Ask for the name, with the one that counts now filled in. */
  ask() {
    this.#field.value = this.#name;
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#field.select();
  }

  #save() {
    const name = this.#field.value.trim();
    if (!name || name === this.#name) return;
    this.#name = name;
    try {
      localStorage.setItem(KEPT_AS, name);
    } catch {
      // it counts until the page is closed
    }
    this.#show();
    this.dispatchEvent(new Event("changed"));
  }

  #show() {
    setText(byId("person-button"), this.#name || "nobody yet");
  }
}

function kept() {
  try {
    return localStorage.getItem(KEPT_AS) ?? "";
  } catch {
    return "";
  }
}
