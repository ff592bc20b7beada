/**
 * One photo from look to written keyword. A target is an open document or a file; how pixels are read and metadata
 * written there needs Photoshop and is the subject of `photoshop_document` and `photoshop_file`.
 *
 * @typedef {object} Target
 * @property {(cancellation: import("./cancelling.js").Cancellation) => Promise<ArrayBuffer | Uint8Array>} pixels a
 *   photo that the service can read.
 * @property {() => Promise<void>} open have it as the document that actions are played on.
 * @property {(edit: (meta: object) => boolean) => Promise<boolean>} editXmp has a function change the XMPMeta, and
 *   writes it if that says so; tells whether it did.
 */

const { choose, merge, NS, PREFIX, record } = require("./merging.js");
const { percent } = require("./words.js");

/**
 * What the service says of a photo, and what it would write.
 * @param {Target} target
 * @param {import("./client.js").Service} service
 */
async function lookAt(target, service, minConfidence, cancellation) {
  const photo = await target.pixels(cancellation);
  cancellation.check();
  return service.answerWithPacket(photo, minConfidence, cancellation);
}

/**
 * Write the service's keyword, recorded as ours.
 * @param {import("./client.js").Packet} packet
 * @param {Function} XMPMeta the host's.
 * @returns {Promise<boolean>} false if all stood there already.
 */
function writeOurs(target, packet, XMPMeta) {
  XMPMeta.registerNamespace(NS, PREFIX);
  const found = new XMPMeta(packet.xmp);
  return target.editXmp((meta) => merge(meta, found, packet.keyword));
}

/** Write the keyword that a person chose, as a person's. */
function writePersons(target, keyword, XMPMeta) {
  XMPMeta.registerNamespace(NS, PREFIX);
  return target.editXmp((meta) => choose(meta, keyword));
}

/**
 * All of it for one photo of a batch.
 * @returns {Promise<Omit<import("./batch.js").Result, "photo"> & { unsure: boolean }>} `unsure` where the service was
 *   less sure than was asked for, so that nothing is to happen to the photo.
 */
async function keyword(target, service, minConfidence, XMPMeta, cancellation) {
  const { answer, packet } = await lookAt(target, service, minConfidence, cancellation);
  const [best] = answer.top;
  const said = `${best.keyword} ${percent(best.confidence)}${answer.needsReview ? ", look at it" : ""}`;
  if (!packet.written) return { state: "kept", sentence: `${said}: not sure enough, not written`, answer, unsure: true };
  const changed = await writeOurs(target, packet, XMPMeta);
  const sentence = changed ? said : `${said}: stood there already`;
  return { state: changed ? "written" : "kept", sentence, answer, unsure: false };
}

module.exports = { keyword, lookAt, record, writeOurs, writePersons };
