/**
 * The API key: asked for in a dialog, kept until the tab is closed, sent by the client and shown to nobody.
 */

import { byId, setText } from "./dom.js";

const KEPT_AS = "recipe-api-key";

/** Events: "saved" when a person gave a key or took it away. */
export class Keys extends EventTarget {
  #dialog = byId("key-dialog");
  #field = byId("key");

  constructor() {
    super();
    byId("key-button").addEventListener("click", () => this.#open(""));
    byId("key-cancel").addEventListener("click", () => this.#dialog.close());
    byId("key-form").addEventListener("submit", () => this.#save());
  }

  /** The key, "" for none. */
  get current() {
    return sessionStorage.getItem(KEPT_AS) ?? "";
  }

  /** Ask for a key because the service refused the call. @param {string} sentence the service's own. */
  ask(sentence) {
    this.#open(this.current ? `The key was not accepted. ${sentence}` : sentence);
  }

  #open(sentence) {
    setText(byId("key-problem"), sentence);
    this.#field.value = this.current;
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#field.select();
  }

  #save() {
    const key = this.#field.value.trim();
    if (key) sessionStorage.setItem(KEPT_AS, key);
    else sessionStorage.removeItem(KEPT_AS);
    this.dispatchEvent(new Event("saved"));
  }
}
