/** Keywords in metadata, by the service's real packets and Adobe's real XMP toolkit. */

const assert = require("node:assert/strict");
const { test } = require("node:test");

const { choose, merge, NS, PREFIX, record } = require("../../api/photoshop/merging.js");
const { calm, photo, serviceAt, world } = require("./plugin.js");
const { XMPMeta } = require("./xmp.js");

const DC = "http://purl.org/dc/elements/1.1/";
const service = serviceAt(world.steady);
XMPMeta.registerNamespace(NS, PREFIX);

const packet = async (name = "small.jpg") => service.packet(photo(name), 0, calm());
const put = (meta, found) => merge(meta, new XMPMeta(found.xmp), found.keyword);

function subject(meta) {
  const number = meta.countArrayItems(DC, "subject");
  return Array.from({ length: number }, (_, i) => meta.getArrayItem(DC, "subject", i + 1).value);
}

function persons(...words) {
  const meta = new XMPMeta();
  for (const word of words) meta.appendArrayItem(DC, "subject", word, 0, 0x200);
  return meta;
}

test("a keyword comes with the record that it is ours", async () => {
  const meta = new XMPMeta();
  const found = await packet();
  assert.equal(put(meta, found), true);
  assert.deepEqual(subject(meta), ["green-bowl"]);
  const ours = record(meta);
  assert.deepEqual(ours.keywords, ["green-bowl"]);
  assert.equal(ours.releaseId, found.releaseId);
  assert.ok(Number(ours.confidence) > 50);
  assert.match(ours.writtenAt, /^20\d\d-/);
});

test("what is written survives Photoshop's own reading and writing", async () => {
  const meta = persons("köttbullar", "焼き肉", "a <b> & c");
  const found = await packet();
  put(meta, found);
  const again = new XMPMeta(meta.serialize());
  assert.deepEqual(subject(again), ["köttbullar", "焼き肉", "a <b> & c", "green-bowl"]);
  assert.deepEqual(record(again), record(meta));
  assert.equal(put(again, found), false);
});

test("a second time changes nothing, nor does a later look at the same photo", async () => {
  const meta = new XMPMeta();
  put(meta, await packet());
  const before = meta.serialize();
  assert.equal(put(meta, await packet()), false);
  assert.equal(meta.serialize(), before);
});

test("our old keyword is replaced, a person's stay", async () => {
  const meta = persons("first");
  put(meta, await packet());
  meta.appendArrayItem(DC, "subject", "last", 0, 0x200);
  assert.equal(put(meta, await packet("red.jpg")), true);
  assert.deepEqual(subject(meta), ["first", "last", "red-pan"]);
  assert.deepEqual(record(meta).keywords, ["red-pan"]);
});

test("a keyword that a person wrote stays a person's", async () => {
  const meta = persons("green-bowl");
  assert.equal(put(meta, await packet()), false);
  assert.deepEqual(subject(meta), ["green-bowl"]);
  assert.deepEqual(record(meta).keywords, []);
});

test("ours gives way when a person wrote what we find now", async () => {
  const meta = new XMPMeta();
  put(meta, await packet());
  meta.appendArrayItem(DC, "subject", "red-pan", 0, 0x200);
  assert.equal(put(meta, await packet("red.jpg")), true);
  assert.deepEqual(subject(meta), ["red-pan"]);
  assert.deepEqual(record(meta), { keywords: [], releaseId: null, confidence: null, modelName: null, writtenAt: null });
});

test("a person's other choice takes the place of ours, without our record", async () => {
  const meta = persons("Stockholm");
  put(meta, await packet());
  assert.equal(choose(meta, "blue-pot"), true);
  assert.deepEqual(subject(meta), ["Stockholm", "blue-pot"]);
  assert.equal(record(meta).releaseId, null);
  assert.equal(choose(meta, "blue-pot"), false);
});

test("a person who chooses our keyword makes it theirs", async () => {
  const meta = new XMPMeta();
  put(meta, await packet());
  assert.equal(choose(meta, "green-bowl"), true);
  assert.deepEqual([subject(meta), record(meta).keywords], [["green-bowl"], []]);
});

test("metadata of others is left as it is", async () => {
  const meta = persons("Stockholm");
  meta.setProperty("http://ns.adobe.com/xap/1.0/", "Rating", "4");
  meta.appendArrayItem(DC, "creator", "Ada", 0, 0x400);
  put(meta, await packet());
  assert.equal(meta.getProperty("http://ns.adobe.com/xap/1.0/", "Rating").value, "4");
  assert.equal(meta.getArrayItem(DC, "creator", 1).value, "Ada");
});
