/**
 * The API key in UXP's secure storage: encrypted for this user of this computer, and possibly lost one day.
 * Source: Adobe's UXP reference "SecureStorage"; values come back as bytes.
 */

const { secureStorage } = require("uxp").storage;

const secrets = {
  async read(name) {
    const bytes = await secureStorage.getItem(name);
    return bytes ? String.fromCharCode(...bytes) : "";
  },

  async write(name, value) {
    if (value) await secureStorage.setItem(name, value);
    else await secureStorage.removeItem(name);
  },
};

module.exports = { secrets };
