/**
 * Where a large file is put together: on the browser's disk where it lends some (the origin private file system,
 * on HTTPS and on this machine), otherwise in blobs, of which browsers move to disk what they think fit.
 */

const PREFIX = "keyworded-photos-";
const STALE_MS = 60 * 60 * 1000;

/** The best sink that this browser has. @returns {Promise<DiskSink | BlobSink>} */
export async function openSink() {
  try {
    return await DiskSink.open();
  } catch {
    return new BlobSink(); // an older browser, a page without HTTPS, a private window
  }
}

export class BlobSink {
  /** @type {Blob[]} */
  #parts = [];

  /** Append, in the order of the calls. */
  async write(...parts) {
    this.#parts.push(new Blob(parts)); // the browser's to keep from now on, not the script's
  }

  /** @returns {Promise<Blob>} */
  async finish() {
    return new Blob(this.#parts);
  }

  async abandon() {
    this.#parts = [];
  }
}

export class DiskSink {
  #folder;
  #handle;
  #stream;

  constructor(folder, handle, stream) {
    this.#folder = folder;
    this.#handle = handle;
    this.#stream = stream;
  }

  static async open() {
    const folder = await navigator.storage.getDirectory();
    await sweep(folder);
    const name = `${PREFIX}${Date.now()}-${Math.random().toString(36).slice(2)}`;
    const handle = await folder.getFileHandle(name, { create: true });
    return new DiskSink(folder, handle, await handle.createWritable());
  }

  /** Append, in the order of the calls: the stream queues what is written. */
  async write(...parts) {
    await Promise.all(parts.map((part) => this.#stream.write(part)));
  }

  /** @returns {Promise<Blob>} a file that is read from the disk when it is saved. */
  async finish() {
    await this.#stream.close();
    return this.#handle.getFile();
  }

  async abandon() {
    await this.#stream.abort();
    await this.#folder.removeEntry(this.#handle.name);
  }
}

/** Remove files of earlier downloads; nobody tells a page when the browser has copied one. */
async function sweep(folder) {
  for await (const name of folder.keys()) {
    const made = Number(name.slice(PREFIX.length).split("-")[0]);
    if (name.startsWith(PREFIX) && Date.now() - made > STALE_MS) await folder.removeEntry(name).catch(() => {});
  }
}
