/**
 * Builds elements for the views. Text goes in as text only, so that no file name and no answer of the service
 * can become markup. Knows nothing of photos.
 */

const SVG = "http://www.w3.org/2000/svg";

/** The element with this id; every id that a module asks for stands in index.html. */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found;
}

/**
 * A new element.
 * @param {string} tag
 * @param {Record<string, string | boolean | null | undefined | ((event: Event) => void)>} [attributes] functions
 *   are listeners for the event of that name; true is an empty attribute; false, null and undefined leave it out.
 * @param {...(Node | string | null)} children strings become text.
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== false && value != null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

/** A picture from icons.svg that says nothing to a screen reader: the words beside it do. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `demo/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** Set text only where it changed: a live list of hundreds of rows is updated often. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
