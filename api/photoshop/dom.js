/**
 * The few things that all parts of the panel do with elements, in the subset of the DOM that UXP has.
 */

const byId = (id) => document.getElementById(id);

/** @param {string} text which stays text: keywords and file names are shown as they are. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setShown(element, shown) {
  if (shown) element.classList.remove("hidden");
  else element.classList.add("hidden");
}

function setEmpty(element) {
  while (element.firstChild) element.removeChild(element.firstChild);
}

/** A new element with a class and children, which are elements or texts. */
function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  for (const child of children) {
    made.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
  }
  return made;
}

/** A button. @param {() => void} press */
function button(words, press) {
  const made = element("button", "", words);
  made.addEventListener("click", press);
  return made;
}

module.exports = { button, byId, element, setEmpty, setShown, setText };
