/**
 * The actions of the Actions panel: which there are, and playing one. Thin calls only.
 */

const { app } = require("photoshop");
const { modal, play } = require("./photoshop_document.js");

/** All actions, set by set. @returns {import("./routing.js").Route[]} */
function presentActions() {
  const routes = [];
  for (const set of Array.from(app.actionTree)) {
    for (const action of Array.from(set.actions)) routes.push({ set: set.name, action: action.name });
  }
  return routes;
}

/** Play an action on the active document. @param {import("./routing.js").Route} route */
function playAction({ set, action }) {
  const target = [
    { _ref: "action", _name: action },
    { _ref: "actionSet", _name: set },
  ];
  return modal(`Action ${action}`, () => play({ _obj: "play", _target: target }));
}

module.exports = { playAction, presentActions };
