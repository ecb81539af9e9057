/** Elements, words and numbers. */

/** An element: `h("p.note", { id: "x", onclick }, "text", child)`. Null children are left out. */
export function h(selector, attributes = {}, ...children) {
  const [name, ...classes] = selector.split(".");
  const element = document.createElement(name || "div");
  if (classes.length) element.className = classes.join(" ");
  set(element, attributes);
  element.append(...flat(children));
  return element;
}

/** The same for SVG. */
export function svg(selector, attributes = {}, ...children) {
  const [name, ...classes] = selector.split(".");
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  if (classes.length) element.setAttribute("class", classes.join(" "));
  set(element, attributes);
  element.append(...flat(children));
  return element;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.startsWith("--")) element.style.setProperty(name, value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
}

const flat = (children) => children.flat(9).filter((child) => child !== null && child !== undefined && child !== false);

/** Replace what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...flat(children));
  return element;
}

let ids = 0;
export const uid = (prefix) => `${prefix}-${(ids += 1)}`;

/** A label and its control, which gets an id. */
export function labelled(text, control, hint = null) {
  control.id ||= uid("field");
  const note = hint && h("small.hint", { id: uid("hint") }, hint);
  if (note) control.setAttribute("aria-describedby", note.id);
  return h("div.field", {}, h("label", { for: control.id }, text), control, note);
}

/** A select of [value, text] pairs. */
export const select = (pairs, attributes = {}) =>
  h("select", attributes, pairs.map(([value, text]) => h("option", { value }, text)));

export const button = (text, onclick, kind = "plain") => h(`button.${kind}`, { type: "button", onclick }, text);

/** An error in words, as the service says it. */
export const problem = (error) => h("p.notice.bad", { role: "alert" }, sentence(error.message ?? String(error)));

export const busy = (text) => h("p.busy", { role: "status" }, h("span.spinner", { "aria-hidden": "true" }), text);

/** Wait for `asked`; an element that waits longer than `delay` is marked as busy. */
export async function waiting(element, asked, delay = 300) {
  const slow = setTimeout(() => element.setAttribute("aria-busy", true), delay);
  try {
    return await asked;
  } finally {
    clearTimeout(slow);
    element.removeAttribute("aria-busy");
  }
}

/** Read out by screen readers, when the hand rests. */
export function announce(text) {
  const announcer = document.getElementById("announcer");
  if (announcer && announcer.textContent !== text) announcer.textContent = text;
}

export const words = (name) => String(name).replaceAll("_", " ");

const NAMES = {
  cnn: "CNN",
  gradient_boosting: "Boosted trees",
  random_forest: "Random forest",
  perceptron: "Perceptron",
  classical_ml: "Classical ML",
  deep_learning: "Deep learning",
  hybrid: "Hybrid",
};

/** A term of the service as people write it: `random_forest` is a random forest. */
export const term = (name) => NAMES[name] ?? sentence(words(name ?? ""));

export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

export function percent(share, digits = 1) {
  if (share > 0 && share < 0.0005) return "< 0.1%";
  if (share < 1 && share > 0.9995) return "> 99.9%";
  return share === 1 ? "100%" : `${(100 * share).toFixed(digits)}%`;
}

/** A number in at most so many figures, or more where its whole part has more. */
export function figure(value, most = 4) {
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e6
    ? value.toLocaleString("en", { maximumSignificantDigits: Math.max(most, Math.ceil(Math.log10(Math.abs(value)))) })
    : value.toPrecision(Math.min(most, 3));
}

export const signed = (value) => (value > 0 ? "+" : value < 0 ? "−" : "") + figure(Math.abs(value), 3);

export const milliseconds = (value) => `${value < 10 ? value.toPrecision(2) : Math.round(value)} ms`;

/** A picture of base64 PNG. */
export const png = (data, alt, attributes = {}) =>
  h("img", { src: `data:image/png;base64,${data}`, alt, ...attributes });
