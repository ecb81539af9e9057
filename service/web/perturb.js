/** What can go wrong with a picture of a digit: pure functions of rows of pixels. */

/** What there is to move: name, words, largest value, and how a value reads. */
export const DAMAGES = [
  { name: "noise", title: "Noise", most: 160, step: 8, unit: (v) => `± ${v} of 255` },
  { name: "shift", title: "Shift to the right", most: 12, step: 1, unit: (v) => `${v} pixels` },
  { name: "occlusion", title: "Occlusion", most: 18, step: 1, unit: (v) => `${v}×${v} pixels` },
  { name: "inversion", title: "Inversion", most: 100, step: 5, unit: (v) => `${v}%` },
];

const clamp = (value) => Math.max(0, Math.min(255, Math.round(value)));

/** Numbers from -1 to 1 that are the same for the same seed (a linear congruential generator). */
function* noise(seed) {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 31 - 1;
  }
}

const shifted = (rows, by) => rows.map((row) => row.map((_, x) => row[x - by] ?? 0));

/** A grey square over the middle, where the ink is. */
function occluded(rows, side) {
  const from = Math.floor((rows.length - side) / 2);
  const inside = (i) => i >= from && i < from + side;
  return rows.map((row, y) => row.map((value, x) => (inside(x) && inside(y) ? 128 : value)));
}

const inverted = (rows, share) => rows.map((row) => row.map((value) => value * (1 - share) + (255 - value) * share));

/** The picture with all damages, `{ noise, shift, occlusion, inversion }`, as integers. */
export function damaged(rows, { noise: level, shift, occlusion, inversion }) {
  const random = noise(7);
  return inverted(occluded(shifted(rows, shift), occlusion), inversion / 100)
    .map((row) => row.map((value) => clamp(value + level * random.next().value)));
}

/** The values a slider goes through. */
export function series({ most }, points = 13) {
  return Array.from({ length: points }, (_, i) => Math.round((most * i) / (points - 1)));
}
