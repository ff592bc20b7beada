/**
 * The part of the panel for settings: server, key, and which action belongs to which pipeline.
 */

const { Cancellation } = require("./cancelling.js");
const { byId, element, setEmpty, setText } = require("./dom.js");
const { label } = require("./routing.js");
const { count } = require("./words.js");

const NOTHING = "No action";

class SettingsPanel {
  #host;
  #settings;
  #service;
  #choices = new Map();

  /**
   * @param {object} host what Photoshop does; see main.js.
   * @param {import("./settings.js").Settings} settings
   * @param {() => import("./client.js").Service} service a client by the settings as they are now.
   */
  constructor(host, settings, service) {
    this.#host = host;
    this.#settings = settings;
    this.#service = service;
    byId("save").addEventListener("click", () => this.#told(() => this.#save()));
    byId("load-pipelines").addEventListener("click", () => this.#told(() => this.#loadPipelines()));
  }

  /** Show the settings as they are. */
  show() {
    byId("address").value = this.#settings.address;
    byId("key").value = this.#settings.key;
    byId("min-confidence").value = String(this.#settings.minConfidence);
    byId("allow-plain").checked = this.#settings.allowPlain;
    byId("play-actions").checked = this.#settings.playActions;
    this.#showRoutes(Object.keys(this.#settings.routes));
  }

  async #save() {
    await this.#settings.save({
      address: byId("address").value,
      key: byId("key").value,
      minConfidence: byId("min-confidence").value,
      allowPlain: byId("allow-plain").checked,
      playActions: byId("play-actions").checked,
      routes: this.#chosen(),
    });
    return "Saved.";
  }

  /** Ask the service, with what is typed now, which pipelines there are. */
  async #loadPipelines() {
    await this.#save();
    const pipelines = await this.#service().pipelines(new Cancellation());
    this.#showRoutes(pipelines);
    return `The service answers; its model knows ${count(pipelines.length, "pipeline")}.`;
  }

  #showRoutes(pipelines) {
    const actions = this.#host.presentActions();
    setEmpty(byId("routes"));
    this.#choices.clear();
    for (const [place, pipeline] of pipelines.entries()) {
      const name = element("label", "", `Action for "${pipeline}"`);
      const select = choice(actions, this.#settings.routes[pipeline]);
      select.id = `route-${place}`;
      name.setAttribute("for", select.id);
      byId("routes").appendChild(name);
      byId("routes").appendChild(select);
      this.#choices.set(pipeline, { select, actions });
    }
  }

  #chosen() {
    const routes = {};
    for (const [pipeline, { select, actions }] of this.#choices) {
      const route = actions.find((one) => label(one) === select.value) || this.#gone(pipeline, select.value);
      if (route) routes[pipeline] = route;
    }
    return routes;
  }

  /** An action that Photoshop does not have today is kept: the set may only not be loaded. */
  #gone(pipeline, chosen) {
    const before = this.#settings.routes[pipeline];
    return before && label(before) === chosen ? before : null;
  }

  async #told(work) {
    setText(byId("settings-words"), "");
    try {
      setText(byId("settings-words"), await work());
    } catch (error) {
      setText(byId("settings-words"), error.message || String(error));
    }
  }
}

function choice(actions, chosen) {
  const labels = actions.map(label);
  if (chosen && !labels.includes(label(chosen))) labels.unshift(label(chosen));
  const select = element("select", "");
  for (const words of [NOTHING, ...labels]) {
    const option = element("option", "", words);
    option.value = words;
    select.appendChild(option);
  }
  select.value = chosen ? label(chosen) : NOTHING;
  return select;
}

module.exports = { SettingsPanel };
