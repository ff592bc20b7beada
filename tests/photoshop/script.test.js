/** RecipeKeyword.jsx against real APIs, through real curl. */

const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");

const { NS, PREFIX, record } = require("../../api/photoshop/merging.js");
const { Door, photo, world } = require("./plugin.js");
const { Photo, run, source } = require("./script.js");
const { XMPMeta } = require("./xmp.js");

const DC = "http://purl.org/dc/elements/1.1/";
XMPMeta.registerNamespace(NS, PREFIX);

const room = (name) => {
  const folder = path.join(world.results, name);
  fs.mkdirSync(folder);
  return folder;
};
const settings = (address, ...lines) => [`address = ${address}`, ...lines].join("\n");
const keyworded = ({ xmpMetadata }) => new XMPMeta(xmpMetadata.rawData);

test("the open photo gets its keyword as ours, and its pipeline's action", () => {
  const folder = room("it's plain");
  const lines = settings(world.steady, "# a note", "pipeline oven = Studio / Oven", "pipeline stove = Studio / Stove");
  const { played, photo: done, units } = run(folder, { settings: lines, photo: new Photo(photo("small.jpg")) });
  const meta = keyworded(done);
  assert.equal(meta.getArrayItem(DC, "subject", 1).value, "green-bowl");
  assert.deepEqual(record(meta).keywords, ["green-bowl"]);
  assert.deepEqual(played, ["Studio/Stove"]);
  assert.equal(units, "cm");
  assert.deepEqual(done.copies[0].done, [
    "duplicate true", "flatten", "mode RGB", "profile sRGB IEC61966-2.1 1 true false", "width 768px", "close unsaved",
  ]);
  assert.deepEqual(fs.readdirSync(folder), ["RecipeKeyword.txt"], "files were left behind");
});

test("a second time changes nothing", () => {
  const folder = room("twice");
  const one = new Photo(photo("small.jpg"));
  run(folder, { settings: settings(world.steady), photo: one });
  const before = one.xmpMetadata.rawData;
  run(folder, { settings: settings(world.steady), photo: one });
  assert.equal(one.xmpMetadata.rawData, before);
});

test("a photo that is less sure than asked for is left alone, and still routed", () => {
  const lines = settings(world.steady, "min_confidence = 100", "pipeline stove = Studio / Stove");
  const { played, photo: done } = run(room("unsure"), { settings: lines, photo: new Photo(photo("small.jpg")) });
  assert.deepEqual([done.xmpMetadata.rawData, played], ["", ["Studio/Stove"]]);
});

test("the key opens the service, and stands in no command", () => {
  const lines = settings(world.keyed, `key = ${world.key}`);
  const { commands, requests, photo: done } = run(room("keyed"), { settings: lines, photo: new Photo(photo("small.jpg")) });
  assert.equal(keyworded(done).countArrayItems(DC, "subject"), 1);
  assert.ok(requests[0].includes(world.key));
  assert.ok(!commands.join().includes(world.key));
});

test("the key of the environment wins", () => {
  const given = { settings: settings(world.keyed, "key = wrong"), photo: new Photo(photo("small.jpg")), env: { RECIPE_API_KEY: world.key } };
  assert.equal(keyworded(run(room("environment"), given).photo).countArrayItems(DC, "subject"), 1);
});

for (const [name, address, bytes, sentence] of [
  ["a wrong key", world.keyed, photo("small.jpg"), /Recipe Keyword: .*key/],
  ["what is no photo", world.steady, Buffer.from("no photo"), /Recipe Keyword: not a JPEG/],
  ["another server", `${world.steady}/elsewhere`, photo("small.jpg"), /Recipe Keyword: /],
]) {
  test(`${name} is told in one sentence, and nothing is written`, () => {
    const one = new Photo(bytes);
    assert.throws(() => run(room(name), { settings: settings(address), photo: one }), ({ message }) => sentence.test(message) && !message.includes("\n"));
    assert.equal(one.xmpMetadata.rawData, "");
  });
}

test("a busy service is waited for", async () => {
  const door = await new Door(world.steady).open();
  await door.shut();
  // The script blocks: whoever is busy first must be another process.
  const busy = spawn(process.execPath, ["-e", `
    let asked = 0;
    require("node:http").createServer((request, response) => {
      asked += 1;
      request.resume();
      if (asked === 1) return response.writeHead(503, { "Retry-After": "1" }).end('{"detail": "full"}');
      const onward = require("node:http").request("${world.steady}" + request.url, { method: "POST" }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      onward.end(require("node:fs").readFileSync(${JSON.stringify(path.join(world.photos, "small.jpg"))}));
    }).listen(${door.port}, "127.0.0.1", () => console.log("open"));
  `]);
  await new Promise((resolve) => busy.stdout.once("data", resolve));
  const { photo: done } = run(room("busy"), { settings: settings(door.url), photo: new Photo(photo("small.jpg")) });
  busy.kill();
  assert.equal(keyworded(done).countArrayItems(DC, "subject"), 1);
});

for (const [name, text, sentence] of [
  ["no settings", "", /address = https/],
  ["an unencrypted address", "address = http://studio.example", /not encrypted/],
  ["an address with a quote", 'address = https://a"b', /address = https/],
  ["a host that only looks like this computer", "address = http://localhost.evil.example", /not encrypted/],
  ["a confidence that is none", "address = https://a.example\nmin_confidence = much", /0 to 100/],
  ["an action without its set", "address = https://a.example\npipeline oven = Oven", /Set \/ Action/],
  ["a key that cannot be one", "address = https://a.example\nkey = sécret", /characters/],
]) {
  test(`${name}: the sentence says what to do`, () => {
    assert.throws(() => run(room(name), { settings: text, photo: new Photo(photo("small.jpg")) }), ({ message }) => sentence.test(message));
  });
}

test("without an open photo the script says so", () => {
  assert.throws(() => run(room("nothing"), { settings: settings(world.steady) }), /open a photo first/);
});

test("the script and what it includes are ECMAScript 3", () => {
  const code = source().replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "").replace(/"(?:[^"\\]|\\.)*"/g, '""');
  for (const newer of [/\b(?:let|const|class|await|async|yield)\b/, /=>/, /`/, /,\s*[}\]]/, /\.\.\./, /\?\./, /\bget \w+\(/]) {
    assert.doesNotMatch(code, newer);
  }
});
