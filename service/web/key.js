/** The API key, where the service asks for one; kept until the browser's tab is closed. */

import { button, fill, h, labelled } from "./dom.js";

const NAME = "rosenblatt-key";
// What a header can carry and a key consists of: visible ASCII.
const KEY = /^[\x21-\x7e]+$/;
let asking = null;

/** What a request sends along. */
export function authorization() {
  const key = sessionStorage.getItem(NAME);
  return key ? { authorization: `Bearer ${key}` } : {};
}

/** Ask for a key, once for all requests that wait for it; false if none is given. */
export function askKey() {
  asking ??= show().finally(() => (asking = null));
  return asking;
}

function show() {
  return new Promise((resolve) => {
    const field = h("input", { type: "password", autocomplete: "off", required: true });
    const close = (given) => {
      dialog.remove();
      resolve(given);
    };
    const fault = h("p", { role: "alert" });
    const form = h("form", {
      onsubmit: (event) => {
        event.preventDefault();
        const key = field.value.trim();
        if (!KEY.test(key)) {
          fill(fault, "A key has letters, digits and signs of ASCII only, and no spaces; copy it again.");
          field.focus();
          return;
        }
        sessionStorage.setItem(NAME, key);
        close(true);
      },
    },
      h("h2", {}, "API key"),
      h("p", {}, sessionStorage.getItem(NAME) ? "The service does not accept this key." : "This service asks for an API key."),
      labelled("Key", field),
      fault,
      h("p", {}, h("button.primary", { type: "submit" }, "Use it"), " ", button("Cancel", () => close(false))));
    const dialog = h("dialog", { "aria-label": "API key", oncancel: () => close(false) }, form);
    document.body.append(dialog);
    dialog.showModal();
  });
}
