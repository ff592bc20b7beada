/** In the browser: `require` as UXP has it, Photoshop's stand-in as `photoshop`, and the XMP toolkit over HTTP. */

/* global Host, xmpOver */
(() => {
  const modules = new Map();
  const sync = (method, url, body) => {
    const request = new XMLHttpRequest();
    request.open(method, url, false);
    request.send(body);
    return request.responseText;
  };
  const call = (...parameters) => {
    const answer = JSON.parse(sync("POST", "/call", JSON.stringify(parameters)));
    if (answer.error) throw new Error(answer.error);
    return answer.value;
  };
  const host = new Host(xmpOver(call), { Studio: ["Oven", "Stove"], "Web export": ["Small JPEG"] });
  const photo = (name, path = name) => ({
    name, path, jpeg: async () => new Uint8Array(await (await fetch(`/photos/${name}`)).arrayBuffer()),
  });

  window.photoshopHost = host;
  window.photo = photo;
  window.require = (name) => {
    if (name === "photoshop" || name === "uxp") return host[name];
    if (!modules.has(name)) {
      const module = { exports: {} };
      new Function("module", "exports", "require", sync("GET", name.replace("./", "/")))(module, module.exports, window.require);
      modules.set(name, module.exports);
    }
    return modules.get(name);
  };
})();
