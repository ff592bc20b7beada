/**
 * Photos on disk and open documents, through the plugin's own thin modules on a stand-in for Photoshop, with Adobe's
 * XMP toolkit and a real API. `test_plugin.py` looks at the files afterwards with ExifTool and our own reader.
 */

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");

const { install } = require("./installed.js");
const { calm, photo, serviceAt, world } = require("./plugin.js");
const { XMPMeta } = require("./xmp.js");

const SETS = { Studio: ["Oven", "Stove"] };
const DC = "http://purl.org/dc/elements/1.1/";

/** A copy on disk of one of the photos; what Photoshop makes of it looks like `seen`. */
function onDisk(name, seen = name, facts = {}) {
  const file = path.join(world.results, name);
  fs.copyFileSync(path.join(world.photos, facts.from || name), file);
  return { name, path: file, jpeg: async () => photo(seen), ...facts };
}

/** What a person picks, on a fresh Photoshop. */
async function picked(...chosen) {
  const host = install(SETS);
  host.chosen = chosen;
  const plugin = { ...require("../../api/photoshop/photoshop_file.js"), ...require("../../api/photoshop/keywording.js") };
  return { host, ...plugin, targets: await plugin.pickFiles() };
}

const put = ({ keyword }, target) => keyword(target, serviceAt(world.steady), 0, XMPMeta, calm());

for (const name of ["small.jpg", "adobe.jpg"]) {
  test(`${name} is keyworded on disk once, without being opened`, async () => {
    const { host, targets: [target], ...plugin } = await picked(onDisk(name));
    assert.equal((await put(plugin, target)).state, "written");
    const bytes = fs.readFileSync(path.join(world.results, name));
    assert.equal((await put(plugin, target)).state, "kept");
    assert.ok(bytes.equals(fs.readFileSync(path.join(world.results, name))), "the second time changed the file");
    assert.deepEqual(host.done, []);
  });
}

test("a 16-bit TIFF too large to send is keyworded from a preview, and closed again", async () => {
  const { host, targets: [target], ...plugin } = await picked(onDisk("original.tif", "preview.jpg", { size: 9e7 }));
  assert.equal((await put(plugin, target)).state, "written");
  assert.deepEqual(host.done, ["open original.tif", "preview original.tif 768x512", "close original.tif"]);
  assert.deepEqual(host.documents, []);
});

test("a photo that is open already is changed in Photoshop, not beside it, and stays open", async () => {
  const file = onDisk("open.jpg", "small.jpg", { from: "small.jpg" });
  const before = fs.readFileSync(file.path);
  const { host, targets: [target], ...plugin } = await picked(file);
  const document = host.open(file);
  assert.equal((await put(plugin, target)).state, "written");
  assert.ok(before.equals(fs.readFileSync(file.path)));
  assert.equal(new XMPMeta(document.xmp).getArrayItem(DC, "subject", 1).value, "green-bowl");
  assert.deepEqual(host.documents, [document]);
});

test("a file that metadata cannot be written into fails with a reason and is left as it is", async () => {
  const file = onDisk("text.jpg", "small.jpg", { from: "small.jpg" });
  fs.writeFileSync(file.path, "no photo at all");
  const { targets: [target], ...plugin } = await picked(file);
  await assert.rejects(put(plugin, target), /cannot be written into this kind of file/);
  assert.equal(fs.readFileSync(file.path, "utf8"), "no photo at all");
});

test("a person's choice is written without our record", async () => {
  const { targets: [target], ...plugin } = await picked(onDisk("chosen.jpg", "red.jpg", { from: "red.jpg" }));
  await put(plugin, target);
  assert.equal(await plugin.writePersons(target, "blue-pot", XMPMeta), true);
});

test("a Photoshop without the XMP module says what writes keywords there", async () => {
  const host = install(SETS, null);
  host.open(onDisk("old.jpg", "small.jpg", { from: "small.jpg" }));
  const { DocumentTarget } = require("../../api/photoshop/photoshop_document.js");
  const target = new DocumentTarget(host.active);
  assert.equal((await target.pixels()).length, photo("small.jpg").length);
  await assert.rejects(target.editXmp(() => true), /25\.0.*RecipeKeyword\.jsx/);
});

test("actions are listed set by set, and played on the open document", async () => {
  const host = install(SETS);
  host.open(onDisk("played.jpg", "small.jpg", { from: "small.jpg" }));
  const { playAction, presentActions } = require("../../api/photoshop/photoshop_actions.js");
  assert.deepEqual(presentActions(), [{ set: "Studio", action: "Oven" }, { set: "Studio", action: "Stove" }]);
  await playAction({ set: "Studio", action: "Stove" });
  assert.deepEqual(host.done, ["play Studio/Stove on played.jpg"]);
  await assert.rejects(playAction({ set: "Studio", action: "Gone" }), /no such action/);
});

test("the key is kept in secure storage, and taken out of it", async () => {
  const host = install(SETS);
  const { secrets } = require("../../api/photoshop/photoshop_secrets.js");
  await secrets.write("key", "s3cret=/+");
  assert.equal(await secrets.read("key"), "s3cret=/+");
  await secrets.write("key", "");
  assert.deepEqual([await secrets.read("key"), host.secrets], ["", {}]);
});
