/**
 * An open document as a target: a preview of its pixels, its metadata. Only thin calls of Photoshop stand here.
 * Sources: Adobe's UXP references "Imaging API" (Photoshop 24.4), "Document", "executeAsModal", and "Photoshop Only -
 * Writing to an active document" of the XMP module (UXP 7.2, Photoshop 25.0).
 */

const { action, app, constants, core, imaging } = require("photoshop");
const uxp = require("uxp");
const { SettingError } = require("./failures.js");
const { previewSize } = require("./sizing.js");

const SRGB = "sRGB IEC61966-2.1";
const QUALITY = 10;
const TOO_OLD =
  "This Photoshop cannot write keywords from a plugin: that needs version 25.0. The script RecipeKeyword.jsx can.";

/** Run in Photoshop's modal state, which changing or reading documents needs. */
function modal(name, work) {
  return core.executeAsModal(work, { commandName: name }).catch((error) => {
    if (error && error.number === 9) throw new SettingError("Photoshop is busy with another plugin; try again.");
    throw error;
  });
}

/** The host's XMPMeta and friends. @throws {SettingError} before Photoshop 25.0 */
function xmpModule() {
  if (!uxp.xmp) throw new SettingError(TOO_OLD);
  return uxp.xmp;
}

class DocumentTarget {
  #document;
  #name;

  constructor(document) {
    this.#document = document;
    this.#name = document.name; // a closed document has none
  }

  get name() {
    return this.#name;
  }

  /** Come back to it, so that an action is played on it. */
  open() {
    const isOpen = Array.from(app.documents).some(({ id }) => id === this.#document.id);
    if (!isOpen) throw new SettingError(`${this.#name} is no longer open.`);
    return modal("Show the photo", async () => {
      app.activeDocument = this.#document;
    });
  }

  pixels() {
    return modal("Preview for the keyword", () => previewOf(this.#document));
  }

  async editXmp(edit) {
    const { XMPMeta } = xmpModule();
    const reference = [{ _property: "XMPMetadataAsUTF8" }, { _ref: "document", _id: this.#document.id }];
    const [{ XMPMetadataAsUTF8: packet }] = await play({ _obj: "get", _target: reference });
    const meta = packet ? new XMPMeta(packet) : new XMPMeta();
    if (!edit(meta)) return false;
    const to = { _obj: "XMPMetadataAsUTF8", XMPMetadataAsUTF8: meta.serialize() };
    await modal("Write the keyword", () => play({ _obj: "set", _target: reference, to }));
    return true;
  }
}

/** Play one command. @throws {Error} with Photoshop's words if it fails; batchPlay itself may only report that. */
async function play(command) {
  const results = await action.batchPlay([{ ...command, _options: { dialogOptions: "dontDisplay" } }], {});
  const failed = results.find((result) => result._obj === "error");
  if (failed) throw new Error(failed.message || "Photoshop could not do that.");
  return results;
}

/** A small JPEG in sRGB, 8 bit, of what the document looks like. Call it in a modal state. */
function previewOf(document) {
  return imaging && imaging.encodeImageData ? encodedPixels(document) : savedCopy(document);
}

async function encodedPixels(document) {
  const { imageData } = await imaging.getPixels({
    documentID: document.id,
    targetSize: previewSize(document.width, document.height),
    colorSpace: "RGB",
    colorProfile: SRGB,
    componentSize: 8,
    applyAlpha: true, // JPEG has none: transparency becomes white
  });
  try {
    return Uint8Array.from(await imaging.encodeImageData({ imageData, base64: false }));
  } finally {
    imageData.dispose();
  }
}

/** Before Photoshop 24.4: a flat copy, saved as JPEG into the plugin's temporary folder. */
async function savedCopy(document) {
  const { formats, localFileSystem } = uxp.storage;
  const folder = await localFileSystem.getTemporaryFolder();
  const file = await folder.createFile("preview.jpg", { overwrite: true });
  const copy = await document.duplicate("Preview for the keyword", true);
  try {
    await copy.flatten();
    if (copy.mode !== constants.DocumentMode.RGB) await copy.changeMode(constants.ChangeMode.RGB);
    await copy.convertProfile(SRGB, constants.Intent.RELATIVECOLORIMETRIC, true, false);
    copy.bitsPerChannel = constants.BitsPerChannelType.EIGHT;
    const { width, height } = previewSize(copy.width, copy.height);
    await copy.resizeImage(width, height);
    await copy.saveAs.jpg(file, { quality: QUALITY }, true);
  } finally {
    await copy.closeWithoutSaving();
  }
  const bytes = await file.read({ format: formats.binary });
  if (!bytes.byteLength) throw new Error("Photoshop wrote no preview; that needs version 24.4 for this document.");
  return bytes;
}

module.exports = { DocumentTarget, modal, play, xmpModule };
