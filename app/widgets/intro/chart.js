// The trade-off curve with a dot to drag; the slider below it does the same by keyboard.

import { drawn, make, mix } from "./parts.js";

const DESIGNED_AT = 17; // px of the page's font for which the numbers below are meant; it grows with the screen

/**
 * A round step for about n ticks.
 * @param {number} range
 * @param {number} n
 */
function niceStep(range, n) {
  const rough = range / n, power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((times) => times * power >= rough) ?? 10);
}

/**
 * @param {Demo} data
 * @param {(position: number, isAtRest: boolean) => void} move called with a place on the curve: 1.5 is between two stops
 */
export function buildChart(data, move) {
  const unit = parseFloat(getComputedStyle(document.documentElement).fontSize) / DESIGNED_AT;
  const HEIGHT = 250 * unit, MARGIN = { top: 14 * unit, right: 14, bottom: 40 * unit, left: 48 * unit };
  const box = make("figure", "chart");
  const svg = drawn("svg", { class: "plane", height: HEIGHT, "aria-hidden": "true" });
  box.append(make("figcaption", "said", data.words.chart), svg);
  const known = data.stops.map(({ gap, accuracy }) => ({ x: gap ?? 0, y: accuracy ?? 0 }));
  const shown = data.control ? [...known, { x: data.control.gap, y: data.control.accuracy }] : known;
  const right = Math.max(...shown.map(({ x }) => x), 0.02) * 1.06;
  const [low, high] = [Math.min(...shown.map(({ y }) => y)), Math.max(...shown.map(({ y }) => y))];
  const pad = Math.max(high - low, 0.02) * 0.16;
  const dot = drawn("circle", { class: "dot", r: 11 * unit });
  let width = 480, position = 0;

  /** @param {number} x */
  const across = (x) => MARGIN.left + (x / right) * (width - MARGIN.left - MARGIN.right);
  /** @param {number} y */
  const down = (y) => mix(HEIGHT - MARGIN.bottom, MARGIN.top, (y - low + pad) / (high - low + 2 * pad));
  const places = () => known.map(({ x, y }) => [across(x), down(y)]);

  /**
   * @param {number} x
   * @param {number} y
   * @param {string} text
   * @param {Record<string, string | number>} [more]
   */
  const label = (x, y, text, more = {}) => drawn("text", { x, y, class: "label", ...more }, text);

  function redraw() {
    const bottom = HEIGHT - MARGIN.bottom, points = places();
    svg.setAttribute("width", String(width));
    svg.replaceChildren();
    const step = niceStep(100 * (high - low + 2 * pad), 4), side = niceStep(100 * right, 5);
    for (let y = Math.ceil((100 * (low - pad)) / step) * step; y < 100 * (high + pad); y += step) {
      svg.append(drawn("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: down(y / 100), y2: down(y / 100) }));
      svg.append(label(MARGIN.left - 8, down(y / 100) + 5 * unit, String(Math.round(y * 10) / 10), { "text-anchor": "end" }));
    }
    for (let x = 0; x <= 100 * right; x += side) {
      svg.append(label(across(x / 100), bottom + 17 * unit, String(Math.round(x * 10) / 10), { "text-anchor": "middle" }));
    }
    svg.append(
      drawn("line", { class: "axis", x1: MARGIN.left, x2: width - MARGIN.right, y1: bottom, y2: bottom }),
      label(width - MARGIN.right, HEIGHT - 4, data.words.x_title, { "text-anchor": "end" }),
      label(13 * unit, MARGIN.top, data.words.y_title, { "text-anchor": "end", transform: `rotate(-90 ${13 * unit} ${MARGIN.top})` }),
      label(width - MARGIN.right, bottom - 9 * unit, data.words.drag, { "text-anchor": "end" }),
      drawn("polyline", { class: "line", points: points.map((point) => point.join(",")).join(" ") }),
    );
    points.slice(1).forEach(([x, y]) => svg.append(drawn("circle", { class: "stop", cx: x, cy: y, r: 4 * unit })));
    const [x, y] = points[data.chosen];
    svg.append(drawn("circle", { class: "ring", cx: x, cy: y, r: 15 * unit }));
    svg.append(label(x + 14 * unit, y + 23 * unit, data.words.chosen));
    const [baseX, baseY] = points[0];
    svg.append(drawn("rect", { class: "base", x: baseX - 7 * unit, y: baseY - 7 * unit, width: 14 * unit, height: 14 * unit }));
    svg.append(label(baseX + 6, baseY - 12 * unit, data.words.base, { "text-anchor": "end" }));
    if (data.control) {
      const [left, top] = [across(data.control.gap), down(data.control.accuracy)];
      svg.append(drawn("path", { class: "control", d: `M${left} ${top - 7}l7 7-7 7-7-7z` }));
      svg.append(label(left + 6, top - 12 * unit, data.control.name, { "text-anchor": "end" }));
    }
    svg.append(dot);
    place(position);
  }

  /** @param {number} to */
  function place(to) {
    position = to;
    const points = places(), i = Math.min(Math.floor(to), points.length - 1), j = Math.min(i + 1, points.length - 1);
    dot.setAttribute("cx", String(mix(points[i][0], points[j][0], to - i)));
    dot.setAttribute("cy", String(mix(points[i][1], points[j][1], to - i)));
  }

  /**
   * The place on the curve that is nearest to a pointer.
   * @param {PointerEvent} event
   */
  function nearest(event) {
    const frame = svg.getBoundingClientRect(), points = places();
    const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
    let best = 0, least = Infinity;
    points.forEach(([ax, ay], i) => {
      const [bx, by] = points[Math.min(i + 1, points.length - 1)];
      const [dx, dy] = [bx - ax, by - ay], length = dx * dx + dy * dy;
      const t = length ? Math.min(Math.max(((x - ax) * dx + (y - ay) * dy) / length, 0), 1) : 0;
      const distance = (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2;
      if (distance < least) [best, least] = [i + t, distance];
    });
    return best;
  }

  dot.addEventListener("pointerdown", (event) => {
    dot.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  dot.addEventListener("pointermove", (event) => {
    if (dot.hasPointerCapture(event.pointerId)) move(nearest(event), false);
  });
  dot.addEventListener("pointerup", (event) => move(Math.round(nearest(event)), true));
  svg.addEventListener("click", (event) => {
    if (event.target !== dot) move(Math.round(nearest(/** @type {PointerEvent} */ (event))), true);
  });
  new ResizeObserver(() => {
    const now = Math.max(box.clientWidth, 240);
    if (now === width && svg.childElementCount) return;
    width = now;
    redraw();
  }).observe(box);
  redraw();
  return { box, place };
}
