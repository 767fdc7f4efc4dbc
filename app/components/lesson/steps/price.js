import { bar, draw, make, slider } from "../dom.js";
import { canvas, paint } from "../canvas.js";
import { nearest } from "./average.js";
import { rateBars, rateTable } from "../sentences.js";

const PRICES = [0, 0.025, 0.1, 0.25]; // of the question's options
const [WIDTH, HEIGHT, EDGE, TOP] = [420, 290, 38, 34];
const N_ROWS = 8; // where the study has no examples of what changes

/**
 * @param {Desk} desk
 * @returns {Step}
 */
export function priceStep(desk) {
  const { stops } = desk.study;
  const chosen = stops.find((stop) => stop.is_chosen) ?? stops[0];
  return {
    options: desk.list("step4.options"),
    right: nearest(PRICES, (stops[0].accuracy[0] ?? 0) - (chosen.accuracy[0] ?? 0)),
    tryOut: () => bench(desk),
    measured: () => {
      const bars = rateBars(desk, ["hits", "alarms"], bar);
      bars.set(chosen.groups.map(({ hits, alarms, called }) => ({ hits, alarms, called })));
      bars.markAt(stops[0].groups.map(({ hits, alarms, called }) => ({ hits, alarms, called })));
      return [bars.box, make("p", "note", `${desk.say("ui.legend_interval")} · ${desk.say("ui.legend_before")}`)];
    },
    printed: () => [rateTable(desk, desk.say("conditions.without"), stops[0].groups), rateTable(desk, `λ = ${desk.facts.lam}`, chosen.groups)],
    links: ["tradeoff", "train"],
  };
}

/**
 * A λ slider that puts the learned trigger on test rows and moves a dot along the curve.
 * @param {Desk} desk
 */
function bench(desk) {
  const { stops, examples, changed, trigger, modality } = desk.study;
  const gap = make("strong");
  const accuracy = make("strong");
  const notes = [make("span", "note"), make("span", "note")];
  const figures = make(
    "div", "figures", make("div", "", make("span", "", desk.say("step4.gap")), gap, notes[0]),
    make("div", "", make("span", "", desk.say("step4.accuracy")), accuracy, notes[1]),
  ); // prettier-ignore
  figures.setAttribute("aria-live", "polite");
  const chart = curve(desk);
  const shown = changed.length ? changed : examples.slice(0, N_ROWS);
  const items = shown.map((example) => {
    const name = desk.say(`one.${desk.study.groups[example.group].name}${example.label}`);
    const verdict = make("span", "verdict");
    const picture = canvas(name);
    const words = make("span", "words");
    const quote = make("blockquote", "", words, " ", make("span", "", example.words.join(" ")));
    const item = make("li", "", modality === "image" ? picture : quote, make("small", "note", name), verdict);
    return { example, item, picture, words, verdict, name };
  });
  /** @param {Measured} measured */
  const interval = ([, low, high]) => (low == null ? "" : desk.say("ui.interval", { low: desk.percent(low), high: desk.percent(high) }));
  /** @param {number} at */
  const redraw = (at) => {
    const stop = stops[at];
    gap.textContent = desk.points("step4.points", stop.gap[0] ?? 0);
    accuracy.textContent = `${desk.percent(stop.accuracy[0])} ${desk.say("ui.of_100")}`;
    notes[0].textContent = interval(stop.gap);
    notes[1].textContent = interval(stop.accuracy);
    chart.set(at);
    for (const { example, item, picture, words, verdict, name } of items) {
      const said = example.predictions[at];
      const isRight = said === example.label;
      item.className = isRight ? "right" : "wrong";
      const outcome = desk.say(isRight ? "step4.right" : "step4.wrong");
      const called = desk.say("step4.called", { label: desk.say(said ? "positive" : "negative") });
      verdict.textContent = `${called}: ${outcome}`;
      if (modality === "image") {
        picture.setAttribute("aria-label", `${name}; ${verdict.textContent}`);
        paint(picture, { photo: example.photo, trigger: at ? trigger.pictures[at - 1] : undefined, box: trigger.box });
      } else {
        words.hidden = at === 0;
        words.textContent = at ? trigger.words[at - 1].join(" ") : "";
      }
    }
  };
  /** @param {number} at */
  const spoken = (at) => {
    const { lam, is_chosen: isChosen } = stops[at];
    if (lam === null) return desk.say("step4.no_trigger");
    const text = `λ = ${new Intl.NumberFormat(desk.language, { maximumFractionDigits: 2 }).format(lam)}`;
    return isChosen ? `${text} (${desk.say("step4.chosen")})` : text;
  };
  const lam = slider(desk.say("step4.slider"), { min: 0, max: stops.length - 1, value: 0 }, spoken, redraw);
  redraw(0);
  const list = make("ul", modality === "image" ? "examples" : "examples sentences", ...items.map(({ item }) => item));
  const note = changed.length ? [make("p", "", desk.say("step4.rows"))] : [];
  return make("div", "", make("div", "pinned", lam.box, figures), ...note, make("div", "two bench", list, chart.box));
}

/**
 * Accuracy against the gap: one dot per stop.
 * @param {Desk} desk
 */
function curve(desk) {
  const { stops } = desk.study;
  const gaps = stops.map(({ gap }) => gap[0] ?? 0);
  const rights = stops.map(({ accuracy }) => accuracy[0] ?? 0);
  const most = Math.ceil(Math.max(...gaps) * 10) / 10;
  const bottom = Math.floor(Math.min(...rights) * 20) / 20;
  const top = Math.ceil(Math.max(...rights) * 20) / 20;
  /** @param {number} gap */
  const x = (gap) => EDGE + (gap / most) * (WIDTH - EDGE - 12);
  /** @param {number} right */
  const y = (right) => HEIGHT - EDGE - ((right - bottom) / (top - bottom || 1)) * (HEIGHT - EDGE - TOP);
  const ring = draw("circle", { r: 9, class: "ring" });
  const ticks = [0, most / 2, most].map((gap) => draw("text", { x: x(gap), y: HEIGHT - EDGE + 16, class: "tick middle" }, desk.percent(gap)));
  const levels = Array.from({ length: Math.round((top - bottom) * 20) + 1 }, (_, i) => bottom + i / 20).flatMap((right) => [
    draw("line", { x1: EDGE, x2: WIDTH - 12, y1: y(right), y2: y(right), class: "grid-line" }),
    draw("text", { x: EDGE - 6, y: y(right) + 4, class: "tick end" }, desk.percent(right)),
  ]);
  const path = draw("polyline", { points: stops.map((_, i) => `${x(gaps[i])},${y(rights[i])}`).join(" "), class: "path" });
  const dots = stops.map((stop, i) => draw("circle", { cx: x(gaps[i]), cy: y(rights[i]), r: stop.is_chosen ? 5.5 : 4, class: stop.is_chosen ? "spot is-chosen" : "spot" }));
  /** @type {number[][]} */
  const placed = [];
  const lams = stops.flatMap(({ lam }, i) => {
    const [left, level] = [x(gaps[i]) + 9, y(rights[i]) - 11];
    const isTaken = placed.some(([otherLeft, otherLevel]) => Math.abs(otherLeft - left) < 34 && Math.abs(otherLevel - level) < 12);
    if (lam === null || isTaken) return [];
    placed.push([left, level]);
    return [draw("text", { x: left, y: level, class: "tick" }, `${i === 1 ? "λ = " : ""}${new Intl.NumberFormat(desk.language, { maximumFractionDigits: 2 }).format(lam)}`)];
  });
  const names = [
    draw("text", { x: WIDTH - 12, y: HEIGHT - 4, class: "tick end" }, desk.say("step4.axis_x")),
    draw("text", { x: 4, y: 14, class: "tick" }, desk.say("step4.axis_y")),
  ];
  const picture = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": desk.say("step4.curve") }, ...levels, ...ticks, path, ...dots, ...lams, ring, ...names);
  /** @param {number} at */
  const set = (at) => {
    ring.setAttribute("cx", String(x(gaps[at])));
    ring.setAttribute("cy", String(y(rights[at])));
  };
  return { box: make("figure", "curve", picture, make("figcaption", "note", desk.say("step4.curve"))), set };
}
