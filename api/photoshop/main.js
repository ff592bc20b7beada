/**
 * The entry: joins Photoshop, the service and the panel. `host` is all that the panel asks of Photoshop.
 */

const { app } = require("photoshop");
const { entrypoints } = require("uxp");
const { Service } = require("./client.js");
const { byId, setText } = require("./dom.js");
const { SettingError } = require("./failures.js");
const { FIRST_ADDRESS } = require("./first_address.js");
const { BatchPanel } = require("./panel_batch.js");
const { DocumentPanel } = require("./panel_document.js");
const { SettingsPanel } = require("./panel_settings.js");
const { playAction, presentActions } = require("./photoshop_actions.js");
const { DocumentTarget, xmpModule } = require("./photoshop_document.js");
const { pickFiles } = require("./photoshop_file.js");
const { secrets } = require("./photoshop_secrets.js");
const { Settings } = require("./settings.js");

const host = {
  activeTarget() {
    if (!app.activeDocument) throw new SettingError("Open a photo first.");
    return new DocumentTarget(app.activeDocument);
  },
  pickFiles,
  playAction,
  presentActions,
  XMPMeta: () => xmpModule().XMPMeta,
};

const notice = (sentence) => setText(byId("notice"), sentence);

/** The parts of the panel, made once, on first use. */
let starting = null;

async function start() {
  const settings = new Settings(localStorage, secrets, FIRST_ADDRESS);
  await settings.loadKey();
  const service = () => new Service({ base: settings.base, key: settings.key }, notice);
  const documentPanel = new DocumentPanel(host, settings, service, notice);
  new BatchPanel(host, settings, service, notice);
  new SettingsPanel(host, settings, service).show();
  return documentPanel;
}

function started() {
  starting = starting || start();
  return starting;
}

entrypoints.setup({
  commands: {
    keywordDocument: () => started().then((panel) => panel.keyword()),
  },
  panels: {
    recipeKeyword: { show: () => started().catch((error) => notice(error.message)) },
  },
});
