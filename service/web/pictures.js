/** Pictures in and out: files of any kind to PNG, base64 to pixels. */

const LARGEST_BYTES = 1 << 20;
const LARGEST_SIDE = 1024;

/** A file as the service takes it: PNG and JPEG as they are, others and large ones as a PNG. */
export async function acceptable(file) {
  if (["image/png", "image/jpeg"].includes(file.type) && file.size <= LARGEST_BYTES) return file;
  const bitmap = await opened(file);
  const scale = Math.min(1, LARGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const type = bitmap.width * scale > 512 ? "image/jpeg" : "image/png";
  return new Promise((resolve) => canvas.toBlob(resolve, type, 0.92));
}

/** A picture for the canvas. */
export async function opened(blob) {
  try {
    return await createImageBitmap(blob);
  } catch {
    throw new Error("this file is not a picture that the browser can read; take a PNG or a JPEG");
  }
}

export function blobOf(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}

/** The grey pixels of a base64 PNG, in rows. */
export async function pixelsOf(base64) {
  const bitmap = await opened(blobOf(base64));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  return Array.from({ length: bitmap.height }, (_, y) =>
    Array.from({ length: bitmap.width }, (_, x) => data[4 * (y * bitmap.width + x)]));
}

/** Draw rows of grey pixels on a canvas of their size; `colour(value, x, y)` gives [r, g, b]. */
export function paint(canvas, rows, colour = (value) => [value, value, value]) {
  [canvas.width, canvas.height] = [rows[0].length, rows.length];
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  rows.forEach((row, y) => row.forEach((value, x) => {
    image.data.set([...colour(value, x, y), 255], 4 * (y * canvas.width + x));
  }));
  context.putImageData(image, 0, 0);
}
