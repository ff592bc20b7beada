/**
 * One photo's way through the service, and whose fault it is when that fails: the photo's, or nobody's here.
 */

import { AwayError, RefusedError } from "./errors.js";

const BREAKS = 2;

/**
 * The work of the queue that classifies.
 * @param {import("./service.js").Service} service
 * @param {import("./results.js").Results} results
 */
export function classifying(service, results) {
  const blame = blaming(service);
  return async (item, signal) => {
    results.set(item, "working");
    try {
      results.set(item, "done", { answer: await service.classify(item.photo, signal) });
    } catch (error) {
      const refused = await blame(error, item.photo);
      results.set(item, refused ? "failed" : "waiting", { error: refused });
      if (!refused) throw error;
    }
  };
}

/**
 * Tells what a photo did wrong from what holds for all photos. A browser says of a file that was moved, of an upload
 * that the server cut off and of a server that is gone the same three words.
 * @returns {(error: Error, photo: any) => Promise<RefusedError | null>} null: the photo is to be tried again.
 */
export function blaming(service) {
  const breaks = new WeakMap();
  return async (error, photo) => {
    if (error instanceof RefusedError) return error;
    if (!(error instanceof AwayError && error.cause)) return null;
    if (!(await readable(photo))) return new RefusedError(0, "The file cannot be read; was it moved or changed?");
    if (!(await alive(service))) return null;
    breaks.set(photo, (breaks.get(photo) ?? 0) + 1);
    if (breaks.get(photo) < BREAKS) return null;
    return new RefusedError(0, "The connection broke while this photo was sent; it may be too large for the service.");
  };
}

async function readable({ file }) {
  const start = file?.slice(0, 1).arrayBuffer();
  return Promise.resolve(start).then(() => true, () => false);
}

async function alive(service) {
  return service.health().then(() => true, () => false);
}
