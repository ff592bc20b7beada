/**
 * The server's address: from what a person types to the URL that calls begin with, and whether it is safe to use.
 * Written without the class URL, which not every supported UXP has.
 */

const { SettingError } = require("./failures.js");

const SHAPE = /^(https?):\/\/((?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?)(\/[^?#\s]*)?$/i;
const OWN = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;
const BASE = "/api/v1";

const PLAIN =
  "http:// is not encrypted: anyone in the network can read photos and the API key, and macOS may block it. " +
  "Use https://, or allow http:// in the settings.";

/**
 * The URL that calls begin with, up to and including /api/v1.
 * @param {string} text as typed: "https://keywords.studio.example", a port and a path before /api/v1 may follow.
 * @param {boolean} allowPlain whether http:// may be used to other machines than this one.
 * @throws {SettingError} if it is no address, or not a safe one.
 */
function serverBase(text, allowPlain) {
  const typed = text.trim();
  if (!typed) throw new SettingError("Enter the address of the server in the settings.");
  const found = SHAPE.exec(typed);
  if (!found) throw new SettingError(`"${typed}" is no server address: enter one like https://keywords.studio.example`);
  const [, scheme, host, path = ""] = found;
  if (scheme.toLowerCase() === "http" && !allowPlain && !OWN.test(host)) throw new SettingError(PLAIN);
  const prefix = path.replace(/\/+$/, "").replace(/\/api(\/v1.*)?$/, "");
  return `${scheme.toLowerCase()}://${host.toLowerCase()}${prefix}${BASE}`;
}

/** The query of a call; UXP has URLSearchParams from version 9.1 on only. */
function query(parameters) {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return pairs.length ? `?${pairs.join("&")}` : "";
}

module.exports = { query, serverBase };
