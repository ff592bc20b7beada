/**
 * Small pictures of large photos: decoded two at a time and only when somebody looks, and no larger than shown.
 * The full photo is never kept. Where a picture stands on the page is `frame.js`' subject.
 */

const DECODERS = 2;
const QUALITY = 0.85;
const THUMBNAIL_WIDTH = 176;
const PREVIEW_WIDTH = 1040;

export class Pictures {
  #service;
  #fetched = new WeakMap();
  #free = DECODERS;
  #waiting = [];

  /** @param {import("./service.js").Service} service brings photos at a URL, which the page itself may not load. */
  constructor(service) {
    this.#service = service;
  }

  /**
   * For a row of the list. Null where the browser cannot read the photo (TIFF, HEIC, PSD, a broken file).
   * @returns {Promise<Blob | null>}
   */
  async thumbnail(photo, signal) {
    return this.#small(await this.#source(photo), THUMBNAIL_WIDTH, signal);
  }

  /** For the opened row. @returns {Promise<Blob | null>} */
  async preview(photo, signal) {
    return photo.file ? this.#small(photo.file, PREVIEW_WIDTH, signal) : this.#source(photo);
  }

  #source(photo) {
    if (photo.file) return photo.file;
    if (!this.#fetched.has(photo)) this.#fetched.set(photo, this.#fetch(photo));
    return this.#fetched.get(photo);
  }

  async #fetch(photo) {
    const { bytes } = await this.#service.keyworded(photo, 0);
    return this.#small(new Blob([bytes]), PREVIEW_WIDTH);
  }

  async #small(blob, width, signal) {
    if (!blob) return null;
    await this.#turn();
    try {
      signal?.throwIfAborted();
      return await shrunk(blob, width);
    } finally {
      this.#next();
    }
  }

  #turn() {
    if (this.#free > 0) {
      this.#free -= 1;
      return null;
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #next() {
    const waiting = this.#waiting.shift();
    if (waiting) waiting();
    else this.#free += 1;
  }
}

/** An upright JPEG of this width, or null. */
async function shrunk(blob, width) {
  const bitmap = await createImageBitmap(blob, { resizeWidth: width, resizeQuality: "medium" }).catch(() => null);
  if (!bitmap) return null;
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  const context = canvas.getContext("2d");
  context.fillStyle = "white"; // as the service reads transparency
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return new Promise((resolve) => {
    canvas.toBlob(resolve, "image/jpeg", QUALITY);
  });
}
