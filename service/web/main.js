/** Shows the view that the address names: `#digits`, `#tables/NAME`, `#guide?task=regression`. */

import { busy, fill, h, problem } from "./dom.js";

const VIEWS = {
  digits: ["Digits", () => import("./digits.js")],
  break: ["Break it", () => import("./break.js")],
  tables: ["Tables", () => import("./tables.js")],
  data: ["Your data", () => import("./data.js")],
  guide: ["Guide", () => import("./guide.js")],
};

const SLOW_MS = 300;
const content = document.getElementById("content");
const shown = new Map();

function address() {
  const [path, query = ""] = location.hash.slice(1).split("?");
  const [name, rest = ""] = path.split("/");
  return { name: name in VIEWS ? name : "digits", rest: decoded(rest), query: new URLSearchParams(query) };
}

/** A part of the address; as it is if somebody mistyped it. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function made(name) {
  const section = h(`section.view.${name}`, { "aria-label": VIEWS[name][0] });
  const module = await VIEWS[name][1]().catch(() => {
    throw new Error("the view could not be loaded; is the service still running?");
  });
  return { section, update: await module.show(section) };
}

/** Each view is made once, and keeps what was drawn or typed. */
function view(name) {
  if (!shown.has(name)) {
    const making = made(name);
    making.catch(() => shown.delete(name));
    shown.set(name, making);
  }
  return shown.get(name);
}

async function show() {
  const { name, rest, query } = address();
  for (const link of document.querySelectorAll("nav [data-view]")) {
    if (link.dataset.view === name) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    else link.removeAttribute("aria-current");
  }
  document.title = `${VIEWS[name][0]} · Rosenblatt`;
  const slow = setTimeout(() => address().name === name && fill(content, busy("Loading the view")), SLOW_MS);
  try {
    const { section, update } = await view(name).finally(() => clearTimeout(slow));
    if (address().name !== name) return;
    if (!section.isConnected) {
      fill(content, section);
      scrollTo(0, 0);
    }
    await update?.({ rest, query });
  } catch (error) {
    if (address().name === name) fill(content, problem(error));
  }
}

// The address keeps the view, so the link to the content only moves the focus.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  content.focus();
});
addEventListener("hashchange", show);
show();
