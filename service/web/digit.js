/** The digit at hand: what the models saw last. Views that use it are told when it changes. */

import { get, model } from "./api.js";
import { pixelsOf } from "./pictures.js";

const listeners = new Set();
let current = null;
let newest = 0;

/** The digit as `{ png, pixels }`: base64 of a PNG, and rows of 28 integers; null if there is none. */
export const digit = () => current;

export async function setDigit(png) {
  const mine = (newest += 1);
  if (png === current?.png) return;
  const next = png && { png, pixels: await pixelsOf(png) };
  if (mine !== newest) return; // a newer one came while this was decoded
  current = next;
  for (const listener of listeners) listener(current);
}

/** Call `listener(digit)` now, if there is a digit, and whenever it changes. */
export function onDigit(listener) {
  listeners.add(listener);
  if (current) listener(current);
}

let asked = null;

/** Every serving version that answers by default, as `GET /models` lists them. */
export function serving() {
  asked ??= get("models").then(({ models }) => models.filter((m) => m.state === "ready" && m.default_version));
  asked.catch(() => (asked = null));
  return asked;
}

/** The models of grey images of 28x28, best first, each with its `labels`. */
export async function digitModels() {
  const models = (await serving()).filter(({ modality }) => modality === "image");
  const found = await Promise.all(models.map(async (one) => {
    const { manifest } = await model(one.name);
    return takesDigits(manifest) && { ...one, labels: manifest.labels };
  }));
  return found.filter(Boolean).sort((a, b) => (b.test_accuracy ?? 0) - (a.test_accuracy ?? 0));
}

const takesDigits = ({ inputs: [input, ...others] }) =>
  !others.length && input.content === "image" && String(input.shape) === "-1,28,28";

/** One sample a class, of the first model that has samples of digits: base64 PNGs. */
export async function samples() {
  for (const model of await digitModels()) {
    const { instances } = await get(`models/${encodeURIComponent(model.name)}/samples`);
    const pictures = instances.filter((instance) => typeof instance === "string");
    if (pictures.length) return pictures;
  }
  return [];
}
