/**
 * The server that the plugin asks before a person sets another; `make plugin SERVER=...` writes the studio's here.
 */

module.exports = { FIRST_ADDRESS: "http://127.0.0.1:8000" };
