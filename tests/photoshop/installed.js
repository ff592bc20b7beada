/** Has `require("photoshop")` and `require("uxp")` give the stand-in, so that the plugin's own thin modules run. */

const Module = require("node:module");

const { Host } = require("./host.js");
const { XMPConst, XMPFile, XMPMeta } = require("./xmp.js");

const load = Module._load;

/** A fresh Photoshop, for modules that are required afterwards. */
function install(sets, xmp = { XMPConst, XMPFile, XMPMeta }) {
  const host = new Host(xmp, sets);
  for (const name of Object.keys(require.cache)) if (name.includes("/api/photoshop/")) delete require.cache[name];
  Module._load = (request, ...rest) =>
    request === "photoshop" || request === "uxp" ? host[request] : load(request, ...rest);
  return host;
}

module.exports = { install };
