/** The modules that decide without asking anybody: address, patience, sizes, routes, settings, words. */

const assert = require("node:assert/strict");
const { test } = require("node:test");

const { query, serverBase } = require("../../api/photoshop/address.js");
const { Cancellation } = require("../../api/photoshop/cancelling.js");
const { CancelledError, SettingError } = require("../../api/photoshop/failures.js");
const { waitFor } = require("../../api/photoshop/patience.js");
const { label, readRoutes, routeOf } = require("../../api/photoshop/routing.js");
const { Settings } = require("../../api/photoshop/settings.js");
const { isSentAsItIs, previewSize } = require("../../api/photoshop/sizing.js");
const { outcome, percent } = require("../../api/photoshop/words.js");

for (const [typed, base] of [
  ["https://keywords.studio.example", "https://keywords.studio.example/api/v1"],
  [" HTTPS://Keywords.Studio.Example:8443/ ", "https://keywords.studio.example:8443/api/v1"],
  ["https://studio.example/keywords/", "https://studio.example/keywords/api/v1"],
  ["https://studio.example/keywords/api/v1", "https://studio.example/keywords/api/v1"],
  ["https://studio.example/api/v1/docs", "https://studio.example/api/v1"],
  ["http://127.0.0.1:8000", "http://127.0.0.1:8000/api/v1"],
  ["http://localhost:8000", "http://localhost:8000/api/v1"],
  ["http://[::1]:8000", "http://[::1]:8000/api/v1"],
]) {
  test(`the address "${typed}" leads to ${base}`, () => assert.equal(serverBase(typed, false), base));
}

for (const typed of [
  "", "   ", "keywords.studio.example", "ftp://studio.example", "https://", "https://a b", "https://studio?x=1",
  "https://user:password@studio.example", "javascript:alert(1)", "https://studio.example:port",
]) {
  test(`"${typed}" is no address`, () => assert.throws(() => serverBase(typed, true), SettingError));
}

for (const typed of ["http://studio.example", "http://10.0.0.5:8000", "http://127.0.0.1.evil.example", "http://localhost.evil.example"]) {
  test(`${typed} is refused with the reason, unless http:// is allowed`, () => {
    assert.throws(() => serverBase(typed, false), /not encrypted.*https:\/\//);
    assert.match(serverBase(typed, true), /^http:/);
  });
}

test("a query holds any value", () => {
  assert.equal(query({ output: "xmp", min_confidence: 12.5, name: "a&b c/ö" }), "?output=xmp&min_confidence=12.5&name=a%26b%20c%2F%C3%B6");
  assert.equal(query({}), "");
});

const NOW = Date.UTC(2026, 10, 23, 12, 0, 0);
for (const [header, tries, wait] of [
  ["3", 1, 3000],
  [" 0 ", 4, 0],
  ["600", 1, 60000],
  ["Mon, 23 Nov 2026 12:00:05 GMT", 1, 5000],
  ["Mon, 23 Nov 2026 11:00:00 GMT", 1, 0],
  ["soon", 1, 1000],
  ["2026-11-23", 2, 2000],
  ["-5", 2, 2000],
  [null, 3, 4000],
  [null, 12, 60000],
]) {
  test(`Retry-After: ${header} after ${tries} tries means ${wait} ms`, () => assert.equal(waitFor(header, tries, NOW), wait));
}

for (const [width, height, size] of [
  [6000, 4000, { width: 768, height: 512 }],
  [4000, 6000, { width: 512, height: 768 }],
  [300, 200, { width: 300, height: 200 }],
  [40000, 1000, { width: 2048, height: 51 }],
  [30000, 1, { width: 2048, height: 1 }],
]) {
  test(`a photo of ${width} x ${height} travels as ${size.width} x ${size.height}`, () =>
    assert.deepEqual(previewSize(width, height), size));
}

for (const [name, size, sent] of [
  ["a.jpg", 9e6, true], ["a.JPEG", 9e6, true], ["a.tif", 3e7, true], ["a.tif", 9e7, false], ["a.psd", 9e6, false],
  ["a.psb", 9, false], ["jpg", 9, false], ["a.jpg.psd", 9, false],
]) {
  test(`${name} of ${size} bytes is ${sent ? "sent as it is" : "opened by Photoshop"}`, () => assert.equal(isSentAsItIs(name, size), sent));
}

const OVEN = { set: "Studio", action: "Oven" };
test("a pipeline finds its action among those that Photoshop has", () => {
  assert.deepEqual(routeOf({ oven: OVEN }, "oven", [OVEN]), { route: OVEN, reason: "" });
  assert.match(routeOf({ oven: OVEN }, "stove", [OVEN]).reason, /No action is set for the pipeline "stove"/);
  assert.match(routeOf({ oven: OVEN }, "oven", []).reason, /no action "Studio \/ Oven"/);
  assert.equal(routeOf({}, "constructor", [OVEN]).route, null);
  assert.equal(label(OVEN), "Studio / Oven");
});

for (const text of ["", "{", "null", "[]", '"x"', '{"oven": null}', '{"oven": {"set": 1, "action": "x"}}']) {
  test(`damaged routes are none: ${text}`, () => assert.deepEqual(readRoutes(text), {}));
}

function storage(kept = {}) {
  return { kept, getItem: (name) => kept[name] ?? null, setItem: (name, value) => (kept[name] = value) };
}

function vault(kept = {}) {
  return { kept, read: async (name) => kept[name] ?? "", write: async (name, value) => void (kept[name] = value) };
}

const CHANGED = {
  address: " https://studio.example ", key: " secret ", allowPlain: false, playActions: true, minConfidence: "60",
  routes: { oven: OVEN },
};

test("settings are what was saved, and the key stands in the vault alone", async () => {
  const [plain, secret] = [storage(), vault()];
  await new Settings(plain, secret).save(CHANGED);
  const again = new Settings(plain, secret);
  await again.loadKey();
  assert.equal(again.base, "https://studio.example/api/v1");
  assert.deepEqual([again.key, again.minConfidence, again.playActions, again.routes], ["secret", 60, true, { oven: OVEN }]);
  assert.ok(!JSON.stringify(plain.kept).includes("secret"));
});

test("settings begin without any, and with a storage that holds nonsense", () => {
  assert.equal(new Settings(storage(), vault(), "http://127.0.0.1:8000").base, "http://127.0.0.1:8000/api/v1");
  const damaged = storage({ "recipe-min-confidence": "much", "recipe-routes": "{", "recipe-play-actions": "7" });
  const settings = new Settings(damaged, vault());
  assert.deepEqual([settings.minConfidence, settings.routes, settings.playActions], [0, {}, false]);
});

test("a key that the secure storage lost is an empty one", async () => {
  const settings = new Settings(storage(), { read: () => Promise.reject(new Error("lost")) });
  await settings.loadKey();
  assert.equal(settings.key, "");
});

for (const wrong of [{ address: "nowhere" }, { minConfidence: "101" }, { minConfidence: "" }, { key: "sécret" }, { key: "a\nb" }]) {
  test(`nothing is saved with ${JSON.stringify(wrong)}`, async () => {
    const [plain, secret] = [storage(), vault()];
    await assert.rejects(new Settings(plain, secret).save({ ...CHANGED, ...wrong }), SettingError);
    assert.deepEqual([plain.kept, secret.kept], [{}, {}]);
  });
}

test("a cancelled wait ends at once, and leaves no timer behind", async () => {
  const cancellation = new Cancellation();
  const waiting = cancellation.sleep(3600000);
  cancellation.cancel();
  cancellation.cancel();
  await assert.rejects(waiting, CancelledError);
  await assert.rejects(cancellation.sleep(1), CancelledError);
  assert.throws(() => cancellation.check(), CancelledError);
});

test("a race gives what the promise gives, and its error", async () => {
  const cancellation = new Cancellation();
  assert.equal(await cancellation.race(Promise.resolve(7)), 7);
  await assert.rejects(cancellation.race(Promise.reject(new RangeError("x"))), RangeError);
});

test("numbers are said the same everywhere", () => {
  assert.equal(percent(97.25), "97.3\u00a0%");
  const states = ["written", "written", "kept", "failed"].map((state) => ({ state }));
  assert.equal(outcome(states), "2 photos keyworded, 1 not changed, 1 failed");
  assert.equal(outcome(states.slice(0, 1)), "1 photo keyworded");
});
