/**
 * A file on disk as a target: its bytes or, where it is too large or of another kind, a preview that Photoshop makes;
 * its metadata, written by Adobe's XMP toolkit without touching a pixel. Thin calls only.
 * Source: Adobe's UXP reference "XMPFile" (UXP 7.2, Photoshop 25.0).
 */

const { app } = require("photoshop");
const { formats, localFileSystem } = require("uxp").storage;
const { DocumentTarget, modal, xmpModule } = require("./photoshop_document.js");
const { isSentAsItIs } = require("./sizing.js");

const KINDS = ["jpg", "jpeg", "tif", "tiff", "png", "psd", "psb", "webp", "heic", "heif"];

class FileTarget {
  #entry;

  /** @param entry a File of UXP. */
  constructor(entry) {
    this.#entry = entry;
  }

  get name() {
    return this.#entry.name;
  }

  async pixels() {
    const open = this.#openDocument();
    if (open) return new DocumentTarget(open).pixels();
    const { size } = await this.#entry.getMetadata();
    if (isSentAsItIs(this.name, size)) return this.#entry.read({ format: formats.binary });
    return this.#preview();
  }

  /** A file that is open in Photoshop is changed there: saving it would take back what is written beside. */
  async editXmp(edit) {
    const open = this.#openDocument();
    if (open) return new DocumentTarget(open).editXmp(edit);
    return editFile(this.#entry.nativePath, edit);
  }

  /** Open it, or come back to it, so that an action can be played on it. */
  open() {
    return modal("Open the photo", () => app.open(this.#entry));
  }

  #openDocument() {
    return Array.from(app.documents).find((document) => document.path === this.#entry.nativePath);
  }

  async #preview() {
    const document = await this.open();
    try {
      return await new DocumentTarget(document).pixels();
    } finally {
      await modal("Close the photo", () => document.closeWithoutSaving());
    }
  }
}

/** Change the metadata of a file; one that cannot take it, or that nothing changes in, keeps its bytes. */
function editFile(path, edit) {
  const { XMPConst, XMPFile, XMPMeta } = xmpModule();
  const flags = XMPConst.OPEN_FOR_UPDATE | XMPConst.OPEN_USE_SMART_HANDLER;
  const file = new XMPFile(path, XMPConst.FILE_UNKNOWN, flags);
  try {
    const meta = file.getXMP() || new XMPMeta();
    const changed = edit(meta);
    if (changed && !file.canPutXMP(meta)) throw new Error("Keywords cannot be written into this kind of file.");
    if (changed) file.putXMP(meta);
    file.closeFile(XMPConst.CLOSE_UPDATE_SAFELY);
    return changed;
  } catch (error) {
    closeQuietly(file);
    throw error;
  }
}

/** What went wrong before is what a person should hear. */
function closeQuietly(file) {
  try {
    file.closeFile(0);
  } catch {
    // It was not open, or is closed.
  }
}

/** Have a person choose photos. @returns {Promise<FileTarget[]>} none if they chose none. */
async function pickFiles() {
  const entries = await localFileSystem.getFileForOpening({ allowMultiple: true, types: KINDS });
  return (entries || []).map((entry) => new FileTarget(entry));
}

module.exports = { pickFiles };
