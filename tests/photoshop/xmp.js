/**
 * `uxp.xmp` for tests under Node: `xmp_toolkit.py` in a process of its own, called through two named pipes, since
 * calls are synchronous in Photoshop.
 */

const { execFileSync, spawn } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const { xmpOver } = require("./xmp_over.js");

const pipes = start();
let pending = "";

function start() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "xmp-"));
  const names = ["calls", "answers"].map((name) => path.join(folder, name));
  execFileSync("mkfifo", names);
  const server = spawn(process.env.PYTHON, [path.join(__dirname, "xmp_toolkit.py"), ...names], { stdio: "inherit" });
  server.unref();
  const opened = { calls: fs.openSync(names[0], "w"), answers: fs.openSync(names[1], "r") };
  fs.rmSync(folder, { recursive: true });
  return opened;
}

function call(...request) {
  fs.writeSync(pipes.calls, JSON.stringify(request) + "\n");
  const chunk = Buffer.alloc(65536);
  while (!pending.includes("\n")) {
    const size = fs.readSync(pipes.answers, chunk);
    if (!size) throw new Error("the XMP toolkit is gone");
    pending += chunk.latin1Slice(0, size);
  }
  const end = pending.indexOf("\n");
  const answer = JSON.parse(pending.slice(0, end));
  pending = pending.slice(end + 1);
  if (answer.error) throw new Error(answer.error);
  return answer.value;
}

module.exports = xmpOver(call);
