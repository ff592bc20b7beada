/**
 * Which Photoshop action belongs to which pipeline: how it is written down and looked up.
 * Playing it is `photoshop_actions`' subject.
 *
 * @typedef {{ set: string, action: string }} Route an action and the set that it is in.
 */

/** The label of an action, as menus show it and settings keep it. @param {Route} route */
const label = ({ set, action }) => `${set} / ${action}`;

/**
 * The routes that were kept, without what is damaged in them.
 * @returns {Record<string, Route>} by pipeline.
 */
function readRoutes(text) {
  const routes = {};
  for (const [pipeline, route] of Object.entries(parsed(text))) {
    if (isRoute(route)) routes[pipeline] = { set: route.set, action: route.action };
  }
  return routes;
}

/**
 * The action of a pipeline.
 * @param {Record<string, Route>} routes
 * @param {string} pipeline
 * @param {Route[]} present the actions that Photoshop has now.
 * @returns {{ route: Route | null, reason: string }} a sentence in place of a route where there is none to play.
 */
function routeOf(routes, pipeline, present) {
  const route = Object.prototype.hasOwnProperty.call(routes, pipeline) ? routes[pipeline] : null;
  if (!route) return { route: null, reason: `No action is set for the pipeline "${pipeline}".` };
  if (!present.some((one) => label(one) === label(route))) {
    return { route: null, reason: `Photoshop has no action "${label(route)}"; choose another in the settings.` };
  }
  return { route, reason: "" };
}

function parsed(text) {
  try {
    const value = JSON.parse(text || "{}");
    return value && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}

const isRoute = (value) => Boolean(value) && typeof value.set === "string" && typeof value.action === "string";

module.exports = { label, readRoutes, routeOf };
