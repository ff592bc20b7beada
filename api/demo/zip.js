/**
 * Writes a zip of files as they are (photos don't shrink): stored, names in UTF-8, without the 64-bit extension,
 * so that every program opens it (PKWARE APPNOTE 6.3, sections 4.3 and 4.4). Where the bytes go is `sinks.js`'
 * subject.
 */

import { bytes } from "./words.js";

const LIMIT = 0xffff_ffff;
const MOST_FILES = 0xffff;
const UTF8_NAMES = 0x0800;
const VERSION = 20;
const UNIX = 3 << 8;
const PLAIN_FILE = 0o100644 * 2 ** 16;
const LOCAL_SIZE = 30;
const CENTRAL_SIZE = 46;
const END_SIZE = 22;

/** The zip would be larger than what every program opens. */
export class ZipTooLargeError extends Error {}

export class ZipWriter {
  #sink;
  #directory = [];
  #names = new Set();
  #offset = 0;
  #directorySize = 0;

  /** @param {import("./sinks.js").BlobSink | import("./sinks.js").DiskSink} sink */
  constructor(sink) {
    this.#sink = sink;
  }

  /**
   * @param {string} path folders are kept, whatever would lead out of the zip's folder is not.
   * @param {Uint8Array} content
   * @param {Date} time when the file was changed last.
   */
  async add(path, content, time) {
    // No await from here to the write: several files may be on their way at once, and each needs its place.
    const name = new TextEncoder().encode(this.#unique(safePath(path)));
    const entry = LOCAL_SIZE + name.length + content.length;
    const whole = this.#offset + entry + this.#directorySize + CENTRAL_SIZE + name.length + END_SIZE;
    if (whole > LIMIT || this.#directory.length === MOST_FILES) throw tooLarge(whole);
    const file = { name, size: content.length, crc: crc32(content), time: dosTime(time), offset: this.#offset };
    this.#directory.push(central(file));
    this.#offset += entry;
    this.#directorySize += CENTRAL_SIZE + name.length;
    await this.#sink.write(local(file), content);
  }

  /** The whole zip. @returns {Promise<Blob>} */
  async finish() {
    const end = block(END_SIZE, [
      [4, 0x06054b50], [2, 0], [2, 0], [2, this.#directory.length], [2, this.#directory.length],
      [4, this.#directorySize], [4, this.#offset], [2, 0],
    ]);
    await this.#sink.write(...this.#directory, end);
    return this.#sink.finish();
  }

  /** Give up, and give back what was written. */
  async abandon() {
    await this.#sink.abandon();
  }

  #unique(path) {
    const dot = path.lastIndexOf(".") > path.lastIndexOf("/") + 1 ? path.lastIndexOf(".") : path.length;
    let name = path;
    // Folded, because two names that differ in case only are one file on a Mac and on Windows.
    for (let copy = 2; this.#names.has(name.toLowerCase()); copy += 1) {
      name = `${path.slice(0, dot)} (${copy})${path.slice(dot)}`;
    }
    this.#names.add(name.toLowerCase());
    return name;
  }
}

/** Refuse before any work what cannot fit. @param {number} size of all contents together, in bytes. */
export function checkSize(size, files) {
  if (size > LIMIT || files > MOST_FILES) throw tooLarge(size);
}

function tooLarge(size) {
  return new ZipTooLargeError(
    `These photos take ${bytes(size)}, and a zip that every program opens ends at ${bytes(LIMIT)} and 65,535 files: ` +
      "show fewer of them by a filter, and download them in parts.",
  );
}

/** "../a\\b:c.jpg" -> "a/b_c.jpg": the names that Windows, too, can write, and nothing above the folder. */
export function safePath(path) {
  const parts = path.split(/[/\\]+/).map((part) => part.replace(/[\u0000-\u001f<>:"|?*]/g, "_"));
  return parts.filter((part) => part && part !== "." && part !== "..").join("/") || "photo";
}

function local({ name, size, crc, time }) {
  return block(LOCAL_SIZE, [
    [4, 0x04034b50], [2, VERSION], [2, UTF8_NAMES], [2, 0], [4, time], [4, crc], [4, size], [4, size],
    [2, name.length], [2, 0],
  ], name);
}

function central({ name, size, crc, time, offset }) {
  return block(CENTRAL_SIZE, [
    [4, 0x02014b50], [2, UNIX | VERSION], [2, VERSION], [2, UTF8_NAMES], [2, 0], [4, time], [4, crc], [4, size],
    [4, size], [2, name.length], [2, 0], [2, 0], [2, 0], [2, 0], [4, PLAIN_FILE], [4, offset],
  ], name);
}

/** Little-endian numbers of 2 and 4 bytes one after the other, then a name. */
function block(size, numbers, name = new Uint8Array()) {
  const made = new Uint8Array(size + name.length);
  const view = new DataView(made.buffer);
  let place = 0;
  for (const [width, value] of numbers) {
    if (width === 2) view.setUint16(place, value, true);
    else view.setUint32(place, value, true);
    place += width;
  }
  made.set(name, size);
  return made;
}

/** Date and time as DOS keeps them: local, to two seconds, from 1980 to 2107. */
function dosTime(time) {
  const year = Math.min(Math.max(time.getFullYear(), 1980), 2107) - 1980;
  const day = (year << 9) | ((time.getMonth() + 1) << 5) | time.getDate();
  const second = (time.getHours() << 11) | (time.getMinutes() << 5) | (time.getSeconds() >> 1);
  return day * 2 ** 16 + second;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The checksum of ISO 3309. @param {Uint8Array} content */
export function crc32(content) {
  let crc = -1;
  for (let place = 0; place < content.length; place += 1) crc = (crc >>> 8) ^ TABLE[(crc ^ content[place]) & 0xff];
  return (crc ^ -1) >>> 0;
}
