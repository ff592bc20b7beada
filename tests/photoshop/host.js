/**
 * A stand-in for what Photoshop gives to plugins: as much of `require("photoshop")` and `require("uxp")` as the
 * plugin calls, after Adobe's references, with the rule that matters most: what changes Photoshop must happen in
 * `executeAsModal`. The XMP toolkit in it is Adobe's own. Runs under Node and in a browser.
 *
 * @typedef {{ name: string, path: string, jpeg: () => Promise<Uint8Array>, xmp?: string }} Photo what is on disk.
 */

class Host {
  /** What the plugin had Photoshop do, in order: "play Studio/Oven on a.jpg", "open a.jpg", "close a.jpg". */
  done = [];
  documents = [];
  active = null;
  /** The files that a person chooses next in the file picker. @type {Photo[]} */
  chosen = [];
  secrets = {};
  entrypoints = null;
  #modal = 0;
  #ids = 0;

  /**
   * @param {object | undefined} xmp the module `uxp.xmp`; Photoshop before 25.0 has none.
   * @param {Record<string, string[]>} sets actions by set.
   */
  constructor(xmp, sets = {}) {
    this.photoshop = {
      app: this.#app(sets),
      action: { batchPlay: (commands) => this.#play(commands) },
      core: { executeAsModal: (work) => this.#asModal(work) },
      imaging: { getPixels: (options) => this.#pixels(options), encodeImageData: ({ imageData }) => imageData.encode() },
      constants: {},
    };
    this.uxp = {
      xmp,
      entrypoints: { setup: (entrypoints) => (this.entrypoints = entrypoints) },
      storage: { formats: { binary: "binary" }, localFileSystem: this.#files(), secureStorage: this.#vault() },
    };
  }

  /** Open a photo as a person does. @param {Photo} photo */
  open(photo) {
    const there = this.documents.find(({ path }) => path === photo.path);
    if (there) return (this.active = there);
    const { name, path, jpeg, width = 1350, height = 900, xmp = "" } = photo;
    const document = { id: (this.#ids += 1), name, path, jpeg, width, height, xmp, closeWithoutSaving: () => this.#close(document) };
    this.documents.push(document);
    return (this.active = document);
  }

  #app(sets) {
    const host = this;
    return {
      get activeDocument() { return host.active; },
      set activeDocument(document) {
        host.#needModal("activeDocument");
        host.active = document;
      },
      get documents() { return host.documents; },
      actionTree: Object.entries(sets).map(([name, actions]) => ({ name, actions: actions.map((one) => ({ name: one })) })),
      async open(entry) {
        host.#needModal("open");
        host.done.push(`open ${entry.name}`);
        return host.open(entry.photo);
      },
    };
  }

  async #asModal(work) {
    this.#modal += 1;
    try {
      return await work({ isCancelled: false, reportProgress() {} });
    } finally {
      this.#modal -= 1;
    }
  }

  #needModal(what) {
    if (!this.#modal) throw new Error(`${what} may modify the state of Photoshop: only allowed from inside a modal scope`);
  }

  async #close(document) {
    this.#needModal("close");
    this.done.push(`close ${document.name}`);
    this.documents.splice(this.documents.indexOf(document), 1);
    this.active = this.documents[this.documents.length - 1] || null;
  }

  async #play(commands) {
    return commands.map((command) => {
      const { _obj: verb, _target: target } = command;
      if (verb !== "get") this.#needModal(verb);
      if (verb === "play") return this.#playAction(target);
      const document = this.documents.find(({ id }) => id === target[1]._id);
      if (target[0]._property !== "XMPMetadataAsUTF8" || !document) return { _obj: "error", message: "not available" };
      if (verb === "get") return { XMPMetadataAsUTF8: document.xmp };
      document.xmp = command.to.XMPMetadataAsUTF8;
      return {};
    });
  }

  #playAction([{ _name: action }, { _name: set }]) {
    const found = this.photoshop.app.actionTree.find(({ name }) => name === set);
    if (!found || !found.actions.some(({ name }) => name === action)) return { _obj: "error", message: "no such action" };
    this.done.push(`play ${set}/${action} on ${this.active.name}`);
    return {};
  }

  async #pixels({ documentID, targetSize, colorSpace, colorProfile, componentSize, applyAlpha }) {
    if (colorSpace !== "RGB" || !colorProfile.startsWith("sRGB") || componentSize !== 8 || !applyAlpha) {
      throw new Error("encodeImageData takes 8-bit RGB without alpha");
    }
    const document = this.documents.find(({ id }) => id === documentID);
    this.done.push(`preview ${document.name} ${targetSize.width}x${targetSize.height}`);
    const encode = async () => Array.from(await document.jpeg());
    return { imageData: { encode, dispose() {} } };
  }

  #files() {
    return { getFileForOpening: async () => this.chosen.map((photo) => new Entry(photo)) };
  }

  #vault() {
    return {
      getItem: async (name) => (name in this.secrets ? Uint8Array.from(this.secrets[name], (c) => c.charCodeAt(0)) : null),
      setItem: async (name, value) => void (this.secrets[name] = value),
      removeItem: async (name) => void delete this.secrets[name],
    };
  }
}

/** A File of UXP. */
class Entry {
  constructor(photo) {
    this.photo = photo;
    this.name = photo.name;
    this.nativePath = photo.path;
  }

  getMetadata = async () => ({ size: this.photo.size ?? (await this.photo.jpeg()).byteLength });
  read = async () => Uint8Array.from(await this.photo.jpeg()).buffer;
}

if (typeof module !== "undefined") module.exports = { Host };
