/** The digit at hand: what the models saw last. Views that use it are told when it changes. */

import { get, model, post } from "./api.js";
import { pixelsOf } from "./pictures.js";

const listeners = new Set();
let current = null;
let newest = 0;

/** The digit as `{ png, pixels }`: base64 of a PNG, and rows of 28 integers; null if there is none. */
export const digit = () => current;

/** True if this is still the digit at hand. */
export const isCurrent = ({ png }) => png === current?.png;

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

/** The models that read the digits 0 to 9 from grey images of 28x28, best first, each with its `labels` and `layers`. */
export async function digitModels() {
  const models = (await serving()).filter(({ modality }) => modality === "image");
  const found = await Promise.all(models.map(async (one) => {
    const { manifest } = await model(one.name);
    return readsDigits(manifest) && { ...one, labels: manifest.labels, layers: manifest.layers };
  }));
  return found.filter(Boolean).sort((a, b) => (b.test_accuracy ?? 0) - (a.test_accuracy ?? 0));
}

const DIGITS = [..."0123456789"];

const readsDigits = ({ inputs: [input, ...others], labels }) =>
  !others.length && input.content === "image" && String(input.shape) === "-1,28,28" && String([...labels].sort()) === String(DIGITS);

/** For each label, the first sample that gets it from the best model with samples: `{ label, picture }`, a base64 PNG. */
export async function samples() {
  for (const { name: model } of await digitModels()) {
    const { instances } = await get(`models/${encodeURIComponent(model)}/samples`);
    const pictures = instances.filter((instance) => typeof instance === "string");
    if (!pictures.length) continue;
    const { predictions } = await post("predict", { model, instances: pictures });
    return DIGITS.map((label) => ({ label, picture: pictures[predictions.findIndex((one) => one.label === label)] })).filter(({ picture }) => picture);
  }
  return [];
}
