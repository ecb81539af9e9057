/** A line chart: confidence in the first answer, a line a model. */

import { svg } from "./dom.js";

const WIDTH = 640;
const HEIGHT = 250;
const LEFT = 44;
const BOTTOM = 30;
const TOP = 10;

/**
 * @param levels values of the horizontal axis
 * @param lines [{ colour, points: [share], right: [boolean] }], a point per level
 * @param now where the slider stands
 */
export function chart({ levels, lines, now, title, unit }) {
  const most = levels.at(-1) || 1;
  const x = (level) => LEFT + ((WIDTH - LEFT - 10) * level) / most;
  const y = (share) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - share);
  const marks = lines.flatMap(({ colour, points, right }) => points.map((p, i) =>
    right[i]
      ? svg("circle.right", { class: `right c${colour}`, cx: x(levels[i]), cy: y(p), r: 3.5 })
      : svg("path", { class: `wrong c${colour}`, d: cross(x(levels[i]), y(p)) })));
  return svg("svg.chart", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title },
    [0, 0.5, 1].map((share) => [
      svg("line.grid", { x1: LEFT, x2: WIDTH - 10, y1: y(share), y2: y(share) }),
      svg("text", { x: LEFT - 8, y: y(share) + 4, "text-anchor": "end" }, `${100 * share}%`),
    ]),
    [0, most / 2, most].map((level, i) =>
      svg("text", { x: x(level), y: HEIGHT - 8, "text-anchor": ["start", "middle", "end"][i] }, unit(Math.round(level)))),
    svg("line.now", { x1: x(now), x2: x(now), y1: TOP, y2: HEIGHT - BOTTOM }),
    lines.map(({ colour, points }) =>
      svg("polyline", { class: `c${colour}`, points: points.map((p, i) => `${x(levels[i])},${y(p)}`).join(" ") })),
    marks);
}

const cross = (x, y) => `M${x - 4} ${y - 4}L${x + 4} ${y + 4}M${x + 4} ${y - 4}L${x - 4} ${y + 4}`;
