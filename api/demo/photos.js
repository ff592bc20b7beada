/**
 * From what a person drops, chooses or pastes to a list of photos. Nothing is read here: a photo is a handle,
 * so a folder of thousands costs nothing until its photos are sent one by one.
 */

/**
 * @typedef {{ name: string, path: string, size: number | null, file?: File, url?: string }} Photo
 *   `path` is the name with the folders below the one that was dropped; size is null for a photo at a URL.
 * @typedef {{ photos: Photo[], skipped: number }} Found
 */

/** What the service reads, by extension. In a folder only these are sent; a file chosen by itself always is. */
export const EXTENSIONS = [
  ".jpg", ".jpeg", ".jpe", ".png", ".tif", ".tiff", ".webp", ".psd", ".psb", ".heic", ".heif", ".hif",
];
const BY_NAME = new Intl.Collator("en", { numeric: true });

/** Files that were chosen one by one. @returns {Found} */
export function fromFiles(files) {
  return { photos: [...files].map((file) => photoOf(file, file.name)), skipped: 0 };
}

/** Files of a chosen folder, in the order of their names. @returns {Found} */
export function fromFolder(files) {
  return sorted([...files].map((file) => photoOf(file, file.webkitRelativePath || file.name)));
}

/** A photo at a web address. @returns {Photo} */
export function fromUrl(url) {
  const last = new URL(url).pathname.split("/").filter(Boolean).pop() ?? "";
  return { name: decoded(last) || new URL(url).host, path: url, size: null, url };
}

/** The http(s) address that a text is, or null. */
export function webAddress(text) {
  const trimmed = text.trim();
  return /^https?:\/\/\S+$/i.test(trimmed) && URL.canParse(trimmed) ? trimmed : null;
}

/**
 * What was dropped, folders with all below them.
 * @param {DataTransfer} transfer only good until the event handler returns, so it is read before any await.
 * @returns {Promise<Found>}
 */
export async function fromDrop(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry != null);
  if (!entries.length) return fromFiles(transfer.files);
  const single = entries.filter((entry) => entry.isFile);
  const chosen = await Promise.all(single.map(async (entry) => photoOf(await fileOf(entry), entry.name)));
  const inFolders = [];
  for (const entry of entries) if (entry.isDirectory) await collect(entry, inFolders);
  const { photos, skipped } = sorted(inFolders);
  return { photos: [...chosen, ...photos], skipped };
}

/** What was pasted: photos, or the address of one. @returns {Found} */
export function fromClipboard(clipboard) {
  if (clipboard.files.length) return fromFiles(clipboard.files);
  const url = webAddress(clipboard.getData("text/plain"));
  return { photos: url ? [fromUrl(url)] : [], skipped: 0 };
}

function photoOf(file, path) {
  return { name: file.name, path, size: file.size, file };
}

function sorted(photos) {
  const kept = photos.filter(({ name }) => !name.startsWith(".") && EXTENSIONS.includes(extension(name)));
  kept.sort((one, other) => BY_NAME.compare(one.path, other.path));
  return { photos: kept, skipped: photos.length - kept.length };
}

/** ".jpg" of "PHOTO.JPG"; "" without one. */
export function extension(name) {
  return name.includes(".") ? name.slice(name.lastIndexOf(".")).toLowerCase() : "";
}

async function collect(folder, photos) {
  const reader = folder.createReader();
  for (;;) {
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return; // a reader gives 100 at a time
    for (const entry of entries) {
      if (entry.isDirectory) await collect(entry, photos);
      else photos.push(photoOf(await fileOf(entry), entry.fullPath.replace(/^\//, "")));
    }
  }
}

function fileOf(entry) {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
