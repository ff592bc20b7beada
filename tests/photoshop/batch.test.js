/** Many photos through a real API: one that is broken, a service that goes away and comes back, a person who stops. */

const assert = require("node:assert/strict");
const { test } = require("node:test");

const { Batch } = require("../../api/photoshop/batch.js");
const { keyword } = require("../../api/photoshop/keywording.js");
const { calm, Door, photo, serviceAt, world } = require("./plugin.js");
const { XMPMeta } = require("./xmp.js");

/** A photo in memory: what a file is to the plugin, without the disk. */
class Kept {
  meta = new XMPMeta();
  writes = 0;

  constructor(name, bytes) {
    this.name = name;
    this.pixels = async () => bytes;
  }

  async editXmp(edit) {
    const changed = edit(this.meta);
    if (changed) this.writes += 1;
    return changed;
  }
}

const photos = (number, bytes = photo("small.jpg")) => Array.from({ length: number }, (_, i) => new Kept(`${i}.jpg`, bytes));
const work = (service, minConfidence = 0) => (one, cancellation) => keyword(one, service, minConfidence, XMPMeta, cancellation);

test("every photo ends keyworded, or named with its reason", async () => {
  const all = [...photos(2), new Kept("broken.jpg", Buffer.from("no photo")), ...photos(1, photo("red.jpg"))];
  const seen = [];
  const batch = new Batch(all, work(serviceAt(world.steady)), ({ results, total }) => seen.push([results.length, total]));
  await batch.run();
  assert.deepEqual(batch.results.map(({ state }) => state), ["written", "written", "failed", "written"]);
  assert.match(batch.results[2].sentence, /^not a JPEG/);
  assert.match(batch.results[3].sentence, /^red-pan \d+\.\d\u00a0%/);
  assert.deepEqual(seen, [[0, 4], [1, 4], [2, 4], [3, 4], [4, 4], [4, 4]]);
  assert.equal(batch.isDone, true);
});

test("a second time nothing is written", async () => {
  const all = photos(3);
  for (const writes of [1, 1]) {
    const batch = new Batch(all, work(serviceAt(world.steady)));
    await batch.run();
    assert.deepEqual(all.map((one) => one.writes), [writes, writes, writes]);
  }
});

test("a photo that is less sure than asked for is left alone", async () => {
  const [one] = photos(1);
  const batch = new Batch([one], work(serviceAt(world.steady), 100));
  await batch.run();
  assert.deepEqual([batch.results[0].state, one.writes], ["kept", 0]);
  assert.match(batch.results[0].sentence, /not sure enough/);
});

test("a service that goes away stops the batch, which goes on later without losing or doubling a photo", async () => {
  const all = photos(6);
  const door = await new Door(world.steady).open();
  const batch = new Batch(all, work(serviceAt(door.url)), ({ results }) => results.length === 2 && !closed && close());
  let closed = null;
  const close = () => (closed = door.shut());
  await batch.run();
  await closed;
  assert.match(batch.stopped, /does not answer/);
  assert.deepEqual([batch.results.length, batch.total, batch.isDone], [2, 6, false]);
  await door.open();
  await batch.run();
  await door.shut();
  assert.equal(batch.stopped, "");
  assert.deepEqual(batch.results.map(({ photo: one }) => one.name), all.map((one) => one.name));
  assert.deepEqual(all.map((one) => one.writes), [1, 1, 1, 1, 1, 1]);
});

test("a refused key stops the batch before the next photo", async () => {
  const batch = new Batch(photos(3), work(serviceAt(world.keyed)));
  await batch.run();
  assert.match(batch.stopped, /API key was not accepted/);
  assert.deepEqual([batch.results.length, batch.total], [0, 3]);
});

test("a person who cancels finds the rest where it was", async () => {
  const all = photos(5);
  const batch = new Batch(all, work(serviceAt(world.steady)), ({ results }) => results.length === 2 && batch.cancel());
  await batch.run();
  assert.deepEqual([batch.stopped, batch.results.length, batch.isRunning], ["Cancelled.", 2, false]);
  const rest = new Batch(all.slice(2), work(serviceAt(world.steady)));
  await rest.run();
  assert.deepEqual(all.map((one) => one.writes), [1, 1, 1, 1, 1]);
});

test("a batch that runs is not started again", async () => {
  const all = photos(3);
  const batch = new Batch(all, work(serviceAt(world.steady)));
  await Promise.all([batch.run(), batch.run()]);
  assert.deepEqual([batch.results.length, ...all.map((one) => one.writes)], [3, 1, 1, 1]);
});
