/**
 * What the tests of the plugin share: where the real APIs are (Python started them), photos, and a door in front of
 * an API that can be shut and that sees what passes.
 */

const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { setTimeout: sleep } = require("node:timers/promises");

const { Cancellation } = require("../../api/photoshop/cancelling.js");
const { Service } = require("../../api/photoshop/client.js");

const world = JSON.parse(process.env.PLUGIN_WORLD);

const photo = (name) => fs.readFileSync(path.join(world.photos, name));
const base = (url) => `${url}/api/v1`;
const serviceAt = (url, tell, key = "") => new Service({ base: base(url), key }, tell);
const calm = () => new Cancellation();

/** Have Python publish another release, and wait until that API serves it. */
async function publish(number) {
  const before = await served();
  fs.writeFileSync(path.join(world.wishes, `publish-${number}`), "");
  while ((await served()) === before) await sleep(20);
}

async function served() {
  const health = await fetch(`${base(world.changing)}/health`);
  return (await health.json()).release_id;
}

/** A door to an API: `passing(request)` may be awaited before a request goes on. */
class Door {
  passing = async () => {};
  #server = null;
  #to;
  port = 0;

  constructor(to) {
    this.#to = new URL(to);
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  open() {
    this.#server = http.createServer((request, response) => this.#pass(request, response));
    return new Promise((resolve) => {
      this.#server.listen(this.port, "127.0.0.1", () => {
        this.port = this.#server.address().port;
        resolve(this);
      });
    });
  }

  shut() {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }

  async #pass(request, response) {
    await this.passing(request);
    const { hostname, port } = this.#to;
    const { method, headers, url } = request;
    const onward = http.request({ hostname, port, method, headers, path: url }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  }
}

module.exports = { base, calm, Door, photo, publish, serviceAt, world };
