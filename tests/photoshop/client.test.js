/** The HTTP client against real APIs: photos, keys, refusals, a busy service, one that is away, a changing release. */

const assert = require("node:assert/strict");
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { test } = require("node:test");

const { AwayError, CancelledError, KeyError, RefusedError } = require("../../api/photoshop/failures.js");
const { calm, Door, photo, publish, serviceAt, world } = require("./plugin.js");

const steady = serviceAt(world.steady);

test("a small JPEG is answered with the three likeliest keywords, best first, in percent", async () => {
  const answer = await steady.classify(photo("small.jpg"), calm());
  assert.equal(answer.top.length, 3);
  assert.equal(answer.top[0].keyword, "green-bowl");
  assert.equal(answer.keyword, "green-bowl");
  assert.equal(answer.pipeline, "stove");
  const confidences = answer.top.map(({ confidence }) => confidence);
  assert.deepEqual(confidences, [...confidences].sort((a, b) => b - a));
  assert.ok(confidences[0] > 50 && confidences[0] <= 100);
});

test("a photo goes as an ArrayBuffer, too, as UXP reads files", async () => {
  const bytes = Uint8Array.from(photo("small.jpg"));
  const answer = await steady.classify(bytes.buffer, calm());
  assert.equal(answer.keyword, "green-bowl");
});

test("an Adobe RGB photo is answered by how it looks, not by its numbers", async () => {
  const [adobe, srgb, untagged] = await Promise.all(
    ["adobe.jpg", "srgb.jpg", "untagged.jpg"].map((name) => steady.classify(photo(name), calm())),
  );
  const first = ({ top }) => top[0].confidence;
  assert.equal(adobe.keyword, srgb.keyword);
  assert.ok(Math.abs(first(adobe) - first(srgb)) < 0.5, `${first(adobe)} is not ${first(srgb)}`);
  assert.ok(Math.abs(first(adobe) - first(untagged)) > 2, "the profile made no difference");
});

test("the preview of a 16-bit TIFF is answered like the TIFF itself", async () => {
  const [preview, original] = await Promise.all(
    ["preview.jpg", "original.tif"].map((name) => steady.classify(photo(name), calm())),
  );
  assert.equal(preview.keyword, original.keyword);
  assert.ok(Math.abs(preview.top[0].confidence - original.top[0].confidence) < 0.5);
});

test("the packet holds the keyword and the release", async () => {
  const { answer, packet } = await steady.answerWithPacket(photo("small.jpg"), 0, calm());
  assert.equal(packet.written, true);
  assert.equal(packet.keyword, answer.keyword);
  assert.equal(packet.releaseId, answer.releaseId);
  assert.match(packet.xmp, /<rdf:li>green-bowl<\/rdf:li>/);
  assert.match(packet.xmp, new RegExp(`releaseId>${packet.releaseId}<`));
});

test("a photo that is less sure than asked for is not to be written", async () => {
  const packet = await steady.packet(photo("small.jpg"), 100, calm());
  assert.equal(packet.written, false);
  assert.equal(packet.keyword, "green-bowl");
});

test("what is shown and what is written come from one release, also while a new one comes in", async () => {
  const door = await new Door(world.changing).open();
  let swaps = 0;
  door.passing = async ({ url }) => {
    if (!url.includes("output=xmp") || swaps) return;
    swaps += 1;
    await publish(2);
  };
  const { answer, packet } = await serviceAt(door.url).answerWithPacket(photo("small.jpg"), 0, calm());
  await door.shut();
  assert.equal(swaps, 1);
  assert.equal(answer.releaseId, packet.releaseId);
  assert.match(packet.xmp, new RegExp(`releaseId>${answer.releaseId}<`));
});

test("the pipelines of the release are told once each", async () => {
  assert.deepEqual(await steady.pipelines(calm()), ["stove"]);
});

for (const [name, key, sees] of [
  ["no key", "", KeyError],
  ["a wrong key", "wrong", KeyError],
  ["the key", world.key, null],
]) {
  test(`${name} ${sees ? "is asked for another" : "opens the service"}`, async () => {
    const asked = serviceAt(world.keyed, () => {}, key).classify(photo("small.jpg"), calm());
    if (sees) await assert.rejects(asked, sees);
    else assert.equal((await asked).keyword, "green-bowl");
  });
}

test("what is no photo is refused in the service's own words", async () => {
  const asked = steady.classify(Buffer.from("no photo"), calm());
  await assert.rejects(asked, (error) => {
    assert.ok(error instanceof RefusedError);
    assert.equal(error.status, 400);
    assert.match(error.message, /^not a JPEG/);
    return true;
  });
});

test("a photo over the service's limit is refused, not tried again", async () => {
  const told = [];
  const asked = serviceAt(world.keyed, (sentence) => told.push(sentence), world.key);
  await assert.rejects(asked.classify(Buffer.alloc(300000), calm()), { status: 413 });
  assert.deepEqual(told, []);
});

test("a 503 is told, waited for as Retry-After says, and then answered", async () => {
  const told = [];
  const tell = (sentence) => {
    told.push(sentence);
    fs.writeFileSync(path.join(world.wishes, "release-for-empty"), "");
  };
  const answer = await serviceAt(world.empty, tell).classify(photo("small.jpg"), calm());
  assert.equal(answer.keyword, "green-bowl");
  assert.equal(told[0], "The service is busy; next try in 2 s.");
  assert.equal(told.at(-1), "");
});

test("waiting for a busy service can be cancelled", async () => {
  const cancellation = calm();
  const service = serviceAt(world.never, () => setImmediate(() => cancellation.cancel()));
  await assert.rejects(service.classify(photo("small.jpg"), cancellation), CancelledError);
});

test("a request that nobody answers can be cancelled", async () => {
  const cancellation = calm();
  const silent = http.createServer(() => cancellation.cancel());
  await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const asked = serviceAt(`http://127.0.0.1:${silent.address().port}`).classify(photo("small.jpg"), cancellation);
  await assert.rejects(asked, CancelledError);
  silent.closeAllConnections();
  silent.close();
});

test("a service that is away is told in a sentence, after a few tries", async () => {
  const told = [];
  const door = await new Door(world.steady).open();
  await door.shut();
  const asked = serviceAt(door.url, (sentence) => told.push(sentence)).classify(photo("small.jpg"), calm());
  await assert.rejects(asked, (error) => error instanceof AwayError && /does not answer/.test(error.message));
  assert.deepEqual(told.filter(Boolean), [
    "The service does not answer; next try in 1 s.",
    "The service does not answer; next try in 2 s.",
  ]);
});

test("a service that comes back is answered by", async () => {
  const door = await new Door(world.steady).open();
  await door.shut();
  const service = serviceAt(door.url, (sentence) => sentence && door.open());
  const answer = await service.classify(photo("small.jpg"), calm());
  await door.shut();
  assert.equal(answer.keyword, "green-bowl");
});

for (const [name, status, type, body] of [
  ["a web page", 200, "text/html", "<h1>Welcome</h1>"],
  ["another API", 200, "application/json", '{"predictions": []}'],
  ["a page that is not there", 404, "text/html", "Not found"],
]) {
  test(`${name} is not taken for the service`, async () => {
    const stranger = http.createServer((request, response) => {
      request.resume();
      response.writeHead(status, { "Content-Type": type }).end(body);
    });
    await new Promise((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    const service = serviceAt(`http://127.0.0.1:${stranger.address().port}`);
    for (const asked of [service.classify(photo("small.jpg"), calm()), service.packet(photo("small.jpg"), 0, calm())]) {
      await assert.rejects(asked, (error) => error instanceof AwayError && /no keyword service/.test(error.message));
    }
    stranger.closeAllConnections();
    stranger.close();
  });
}
